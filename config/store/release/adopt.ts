import { rm } from 'node:fs/promises'
import { syncFolder, writeFileAtomic } from '#node/kit'
import type { Archive } from './archive.ts'
import { commit } from './commit.ts'
import { encodeEntry, type HistoryEntry } from './entry.ts'
import { entryFile, readHistory } from './history.ts'
import { readLive } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { settleRelease } from './settle-release.ts'
import { type SourceIndex, writeSourceIndex } from './source-index.ts'
import type { TreeFile } from './tree.ts'

/** A release that was published elsewhere, with everything that was before it. */
export interface Adoption {
  /** The oldest first, numbered from 1; the last one's release goes live. */
  readonly history: readonly HistoryEntry[]
  readonly files: readonly TreeFile[]
  readonly sources: SourceIndex
}

/**
 * Makes the last entry's release live and the history as given. The history is what changes first, so that one who is killed in between
 * leaves a live release that the next one knows to be behind. Under the publisher's lock only.
 */
export async function adopt(
  places: ReleasePlaces,
  archive: Archive,
  { history, files, sources }: Adoption,
  options: { signal?: AbortSignal | undefined },
): Promise<void> {
  const newest = history.at(-1)
  if (newest === undefined) throw new RangeError('nothing to adopt')
  const live = await readLive(places)
  const isLive = live === newest.release
  if (!isLive) {
    await settleRelease(places, newest.release, files, options)
    await archive.put(newest.release, files, options)
  }
  await writeSourceIndex(places, newest.release, sources)
  await writeHistory(places, isLive ? history : history.slice(0, -1))
  if (!isLive) await commit(places, newest)
}

/** Writes entries that differ, and removes those above. */
async function writeHistory(places: ReleasePlaces, history: readonly HistoryEntry[]): Promise<void> {
  const { entries } = await readHistory(places)
  const present = new Map(entries.map(entry => [entry.number, encodeEntry(entry)]))
  const last = history.at(-1)?.number ?? 0
  for (const number of present.keys()) if (number > last) await rm(entryFile(places, number), { force: true })
  for (const entry of history) {
    const text = encodeEntry(entry)
    if (present.get(entry.number) !== text)
      await writeFileAtomic(entryFile(places, entry.number), text, { mode: 0o640 })
  }
  await syncFolder(places.history)
}
