import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { historyEntries } from './history.ts'
import { readLive } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { isReleaseHash, type ReleaseHash } from './release-hash.ts'
import { retire } from './settle-release.ts'

/** How many different releases can be rolled back to. */
export const KEPT_RELEASES = 20

/**
 * Removes all but the newest `keep` different releases of the history and the live one; entries of the history stay. Nothing while
 * the history has damaged entries, or none: it would not be known what they kept. Under the publisher's lock only.
 */
export async function dropOldReleases(places: ReleasePlaces, keep: number): Promise<void> {
  const live = await readLive(places)
  const kept = new Set<ReleaseHash>()
  const damaged: string[] = []
  for await (const { release } of historyEntries(places, damaged)) {
    if (kept.add(release).size >= keep) break
  }
  if (damaged.length > 0 || (kept.size === 0 && live !== null)) return
  if (live !== null) kept.add(live)
  for (const name of await readdir(places.releases)) {
    if (isReleaseHash(name) && !kept.has(name)) await retire(places, name)
    const [, release] = /^(.+)\.(?:sources|stamps)$/.exec(name) ?? []
    if (isReleaseHash(release) && !kept.has(release)) await rm(join(places.releases, name), { force: true })
  }
}
