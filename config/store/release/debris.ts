import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '#node/kit'
import { LIVE_PREFIX, type ReleasePlaces, STAGING_PREFIX, TRASH_PREFIX } from './places.ts'

/** Of `writeFileAtomic`. */
const TEMPORARY_PREFIX = '.tmp-'

/** Freezing takes no lock, so that its temporary file may be somebody's who is alive. */
const FREEZE_MS = 60_000

/** Removes what publishers left that were killed. Under the publisher's lock only: nobody else's work can be among it. */
export async function clearDebris(places: ReleasePlaces, now: number): Promise<void> {
  for (const name of await namesIn(places.releases)) {
    const path = join(places.releases, name)
    if (name.startsWith(STAGING_PREFIX) || name.startsWith(TRASH_PREFIX)) await remove(path)
    if (name.startsWith(TEMPORARY_PREFIX) && !(await isFreezing(path, now))) await remove(path)
  }
  for (const name of await namesIn(places.history)) {
    if (name.startsWith(TEMPORARY_PREFIX)) await remove(join(places.history, name))
  }
  for (const name of await namesIn(places.home)) {
    if (name.startsWith(LIVE_PREFIX)) await remove(join(places.home, name))
  }
}

async function isFreezing(path: string, now: number): Promise<boolean> {
  if (!path.endsWith('-freeze.json')) return false
  return now - (await stat(path)).mtimeMs < FREEZE_MS
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
