import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '#node/kit'
import { readLive, releaseFolder } from './live.ts'
import { type ReleasePlaces, TRASH_PREFIX } from './places.ts'
import { isIntact, readReleaseTree } from './read-release.ts'
import type { ReleaseHash } from './release-hash.ts'
import { inspectSpare, laySpareBy, useSpare } from './spare.ts'
import { stage } from './stage.ts'
import { stamped } from './stamp.ts'
import { stampsOfRelease, writeStamps } from './stamps-file.ts'
import type { TreeFile } from './tree.ts'

/**
 * Makes `releases/<hash>` hold these files, which have this hash. Written beside and renamed, so that it is whole or absent. For a
 * release that is not live: one that is there but damaged is put away first.
 */
export async function settleRelease(
  places: ReleasePlaces,
  hash: ReleaseHash,
  files: readonly TreeFile[],
  options: { signal?: AbortSignal | undefined },
): Promise<void> {
  const present = await readReleaseTree(places, hash, options)
  if (present !== null && isIntact(hash, present)) return
  const spare = await inspectSpare(places, options)
  const reused = spare === null ? null : await useSpare(places, spare, files, options)
  // The first release has none before it that the second could be made of.
  const copies = (await readLive(places)) === null ? 1 : 0
  const [staging, copy] = reused === null ? await stage(places, files, { ...options, copies }) : [reused]
  if (present !== null) await discard(places, hash)
  const folder = releaseFolder(places, hash)
  await rename(staging, folder)
  await syncFolder(places.releases)
  await writeStamps(stampsOfRelease(places, hash), stamped(folder, files, reused === null ? [] : (spare ?? [])))
  if (copy !== undefined) await laySpareBy(places, copy, files)
}

/** Takes the folder of a release away, of which one is left for the next release to be made of. */
export async function retire(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  if (existsSync(places.spare)) await discard(places, hash)
  else {
    await rename(releaseFolder(places, hash), places.spare)
    await rename(stampsOfRelease(places, hash), places.spareStamps).catch(() => undefined)
  }
}

/** Takes a release away: its name goes at once, so that a part of it is never taken for the whole. */
async function discard(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  const trash = join(places.releases, `${TRASH_PREFIX}${randomBytes(6).toString('hex')}`)
  await rename(releaseFolder(places, hash), trash)
  await rm(trash, { recursive: true, force: true })
}
