import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Archive } from './archive.ts'
import { historyEntries } from './history.ts'
import { readLive } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { isIntact, readReleaseTree } from './read-release.ts'
import { isReleaseHash, type ReleaseHash } from './release-hash.ts'
import { retire } from './settle-release.ts'

/** How many different releases can be rolled back to. */
export const KEPT_RELEASES = 20

/**
 * Leaves the folder of the live release only, and in the archive the newest `keep` different releases of the history and the live one;
 * entries of the history stay. Nothing is removed while the history has damaged entries, or none: it would not be known what they kept.
 * Under the publisher's lock only.
 */
export async function dropOldReleases(places: ReleasePlaces, archive: Archive, keep: number): Promise<void> {
  const live = await readLive(places)
  const kept = new Set<ReleaseHash>()
  const damaged: string[] = []
  for await (const { release } of historyEntries(places, damaged)) {
    if (kept.add(release).size >= keep) break
  }
  if (damaged.length > 0 || (kept.size === 0 && live !== null)) return
  if (live !== null) kept.add(live)
  const names = await readdir(places.releases)
  for (const name of names.filter(isReleaseHash)) {
    if (name !== live && (!kept.has(name) || (await isArchived(places, archive, name)))) await retire(places, name)
  }
  for (const name of names) {
    const [, release, hint] = /^(.+)\.(sources|stamps)$/.exec(name) ?? []
    if (!isReleaseHash(release) || (hint === 'sources' ? kept.has(release) : release === live)) continue
    await rm(join(places.releases, name), { force: true })
  }
  await archive.keepOnly(kept)
}

/** False for a folder that is not what was published. What has been kept as a folder is archived now. */
async function isArchived(places: ReleasePlaces, archive: Archive, hash: ReleaseHash): Promise<boolean> {
  if (await archive.has(hash)) return true
  const tree = await readReleaseTree(places, hash, {})
  if (tree === null || !isIntact(hash, tree)) return false
  await archive.put(hash, tree.files)
  return true
}
