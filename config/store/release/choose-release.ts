import type { HistoryEntry } from './entry.ts'
import { ReleaseError } from './errors.ts'
import { type ReleaseHash, shortHash } from './release-hash.ts'

/** Fewer digits of a hash could be a number. */
const MIN_PREFIX = 6

/**
 * The entry that `name` means: a number (`12`, `#12`), the hash of a release or its first six digits or more (its newest entry), or
 * `live`.
 *
 * @throws ReleaseError 'no-release'
 */
export function findEntry(newestFirst: readonly HistoryEntry[], live: ReleaseHash | null, name: string): HistoryEntry {
  const found = newestFirst.filter(entry => isMeant(entry, live, name))
  const [entry] = found
  if (entry === undefined) {
    throw new ReleaseError(
      'no-release',
      `the history has no release '${name.slice(0, 100)}'; give a number or hash of config history`,
    )
  }
  if (found.some(({ release }) => release !== entry.release)) {
    throw new ReleaseError('no-release', `several releases begin with ${name}; give more digits of the hash`)
  }
  return entry
}

function isMeant(entry: HistoryEntry, live: ReleaseHash | null, name: string): boolean {
  if (name === 'live') return entry.release === live
  if (/^#?[0-9]{1,15}$/.test(name) && entry.number === Number(name.replace('#', ''))) return true
  return /^[0-9a-f]+$/.test(name) && name.length >= MIN_PREFIX && entry.release.startsWith(name)
}

/**
 * Where a rollback without a name leads: to what was live before the live release was first published, not to what a rollback just
 * took away. Twice in a row goes back two releases.
 *
 * @throws ReleaseError 'no-release'
 */
export function entryBefore(newestFirst: readonly HistoryEntry[], live: ReleaseHash | null): HistoryEntry {
  const current = newestFirst.find(({ release }) => release === live)
  if (current === undefined) {
    throw new ReleaseError('no-release', 'the history does not know what is live; name the release to go back to')
  }
  const origin = current.restores ?? current.number
  const before = newestFirst.find(({ number, release }) => number < origin && release !== live)
  if (before === undefined) {
    throw new ReleaseError(
      'no-release',
      `there is nothing before release ${shortHash(current.release)}; name the release to go back to`,
    )
  }
  return before
}
