import { chmod, lstat, stat } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { readLive, releaseFolder } from './live.ts'
import type { ReleasePlaces } from './places.ts'

/** Operators and their group write, others do nothing. */
const STACKS_MODE = 0o770

const OTHERS_WRITE = 0o002

/** One sentence for each place that users other than its owner and group can write, which would let them pass by validation. */
export async function permissionWarnings(places: ReleasePlaces): Promise<string[]> {
  const live = await readLive(places).catch(() => null)
  const release = live === null ? [] : [releaseFolder(places, live)]
  const stacks = places.ownStacks ? [places.stacks] : []
  const warnings: string[] = []
  for (const path of [places.home, places.releases, places.history, ...release, ...stacks]) {
    const mode = await modeOf(path)
    if (mode === null || (mode & OTHERS_WRITE) === 0) continue
    warnings.push(
      `${path} is writable by every user of this machine, who could change what servers read: chmod o-w ${path}`,
    )
  }
  return warnings
}

/** Gives the operators' folder its mode; special bits stay. What is not ours to change stays as it is. */
export async function secureStacks(places: ReleasePlaces): Promise<void> {
  if (!places.ownStacks) return
  try {
    const stat = await lstat(places.stacks)
    if (!stat.isDirectory()) return
    const { mode } = stat
    const wanted = (mode & 0o7000) | STACKS_MODE
    if ((mode & 0o7777) !== wanted) await chmod(places.stacks, wanted)
  } catch (error) {
    if (!['EPERM', 'EACCES', 'EROFS', 'ENOENT'].includes(codeOf(error) ?? '')) throw error
  }
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode
  } catch {
    return null
  }
}
