import { ReleaseError } from './errors.ts'
import { integer, object, oneOf, orNull, type Shaped, text, time } from './shape.ts'

const hash = text({ pattern: /^[0-9a-f]{64}$/ })
const count = integer(0)

/** One line of the history: which release went live, by whom and why. Never changed once written. */
const isEntry = object({
  /** From 1, without gaps unless a file was removed by hand. */
  number: integer(1),
  release: hash,
  kind: oneOf('publish', 'rollback', 'promote'),
  author: text({ maxLength: 200 }),
  reason: text({ maxLength: 2000 }),
  time,
  /** What was live before. */
  basedOn: orNull(hash),
  /** Of a rollback: the number of the entry whose release it brought back. */
  restores: orNull(integer(1)),
  counts: object({ configcrates: count, roles: count, envoyEntries: count }),
  files: count,
  changes: object({ added: count, changed: count, removed: count }),
})

export type HistoryEntry = Shaped<typeof isEntry>
export type ReleaseKind = HistoryEntry['kind']

/** What a release declares, for people. */
export type ReleaseCounts = HistoryEntry['counts']

export const MAX_ENTRY_BYTES = 64 * 1024

/** The content of an entry's file. */
export function encodeEntry(entry: HistoryEntry): string {
  return `${JSON.stringify({ format: 1, ...entry }, null, 1)}\n`
}

/** Null for anything that `encodeEntry` does not make. */
export function decodeEntry(text: string): HistoryEntry | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isEntry(value) || (value as { format?: unknown }).format !== 1) return null
  const { number, release, kind, author, reason, time, basedOn, restores, counts, files, changes } = value
  return { number, release, kind, author, reason, time, basedOn, restores, counts, files, changes }
}

/** @throws ReleaseError 'bad-reason' */
export function checkWords(words: { author: string; reason: string }): void {
  check('the author', words.author, 200)
  check('the reason', words.reason, 2000)
}

function check(what: string, text: string, maxLength: number): void {
  if (text.length > maxLength) throw new ReleaseError('bad-reason', `${what} has more than ${maxLength} characters`)
  if (/\p{Cc}/u.test(text)) {
    throw new ReleaseError('bad-reason', `${what} has line breaks or control characters; write one line`)
  }
}
