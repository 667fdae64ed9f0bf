import { chmod, rename, rm } from 'node:fs/promises'
import { syncFolder, writeFileAtomic } from '#node/kit'
import { encodeEntry, type HistoryEntry } from './entry.ts'
import { explained } from './errors.ts'
import { entryFile, livePending } from './history.ts'
import { swapLive } from './live.ts'
import type { ReleasePlaces } from './places.ts'

/*
 * A release goes live in three steps, each durable before the next: its entry is written as pending, `.live` is swapped, the entry
 * is renamed into the history. The swap decides: a pending entry whose release is live belongs to the history, any other never
 * happened. Since a release that is live cannot be made live again, the two cannot be confused.
 */

/** Makes the entry's release live, which is complete on disk and is not live. */
export async function commit(places: ReleasePlaces, entry: HistoryEntry): Promise<void> {
  await explained(`write ${places.pending}`, async () => {
    await writeFileAtomic(places.pending, encodeEntry(entry), { mode: 0o640 })
    await chmod(places.pending, 0o640)
  })
  try {
    await swapLive(places, entry.release)
  } catch (error) {
    await settlePending(places).catch(() => undefined)
    throw error
  }
  // It is live and known to be; where this fails, the next publisher does it.
  await settlePending(places).catch(() => undefined)
}

/** Finishes what a killed publisher began, one way or the other. Answers the entry that was added to the history. */
export async function settlePending(places: ReleasePlaces): Promise<HistoryEntry | null> {
  const entry = await livePending(places)
  if (entry === null) {
    await rm(places.pending, { force: true })
    return null
  }
  await rename(places.pending, entryFile(places, entry.number))
  await syncFolder(places.history)
  await syncFolder(places.releases)
  return entry
}
