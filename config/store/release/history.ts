import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '#node/kit'
import { decodeEntry, type HistoryEntry, MAX_ENTRY_BYTES } from './entry.ts'
import { explained } from './errors.ts'
import { readLive } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { readSmallFile } from './small-file.ts'

const ENTRY_FILE = /^[0-9]{8,15}\.json$/

export interface History {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[]
  /** Files that are no entries, by name: changed by hand, or broken by the disk. */
  readonly damaged: readonly string[]
}

export function entryFile(places: ReleasePlaces, number: number): string {
  return join(places.history, `${String(number).padStart(8, '0')}.json`)
}

/** The newest `limit` entries. An entry counts as soon as its release is live, also when its publisher was killed just then. */
export async function readHistory(places: ReleasePlaces, limit = Number.POSITIVE_INFINITY): Promise<History> {
  const entries: HistoryEntry[] = []
  const damaged: string[] = []
  if (limit <= 0) return { entries, damaged }
  for await (const entry of historyEntries(places, damaged)) if (entries.push(entry) >= limit) break
  return { entries, damaged }
}

/** Newest first, read one by one. Names of files that are no entries are added to `damaged`. */
export async function* historyEntries(places: ReleasePlaces, damaged: string[]): AsyncGenerator<HistoryEntry> {
  // Before the folder: between the two reads it may move there, but not back.
  const pending = await livePending(places)
  const names = (await entryFiles(places)).toReversed()
  const newest = Number.parseInt(names[0] ?? '0', 10)
  if (pending !== null && pending.number > newest) yield pending
  for (const name of names) {
    const entry = await readEntry(join(places.history, name))
    if (entry === null || entry.number !== Number.parseInt(name, 10)) damaged.push(name)
    else yield entry
  }
}

/** Also above entries that cannot be read. */
export async function nextNumber(places: ReleasePlaces): Promise<number> {
  const last = (await entryFiles(places)).at(-1)
  return last === undefined ? 1 : Number.parseInt(last, 10) + 1
}

/** The pending entry if its release is the live one: then all that is missing is its place in the history. */
export async function livePending(places: ReleasePlaces): Promise<HistoryEntry | null> {
  const pending = await readEntry(places.pending)
  return pending !== null && pending.release === (await readLive(places)) ? pending : null
}

/** Oldest first. */
async function entryFiles(places: ReleasePlaces): Promise<string[]> {
  return await explained(`read ${places.history}`, async () => {
    try {
      const names = (await readdir(places.history)).filter(name => ENTRY_FILE.test(name))
      return names.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  })
}

/** Null when it is not there or is no entry. */
async function readEntry(path: string): Promise<HistoryEntry | null> {
  const text = await readSmallFile(path, MAX_ENTRY_BYTES)
  return text === null ? null : decodeEntry(text)
}
