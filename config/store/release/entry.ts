import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ReleaseError } from './errors.ts'

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** One line of the history: which release went live, by whom and why. Never changed once written. */
const Entry = Type.Object({
  /** From 1, without gaps unless a file was removed by hand. */
  number: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  release: Hash,
  kind: Type.Union([Type.Literal('publish'), Type.Literal('rollback'), Type.Literal('promote')]),
  author: Type.String({ maxLength: 200 }),
  reason: Type.String({ maxLength: 2000 }),
  /** ISO 8601, UTC. */
  time: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$' }),
  /** What was live before. */
  basedOn: Type.Union([Hash, Type.Null()]),
  /** Of a rollback: the number of the entry whose release it brought back. */
  restores: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  counts: Type.Object({ configcrates: Count, roles: Count, envoyEntries: Count }),
  files: Count,
  changes: Type.Object({ added: Count, changed: Count, removed: Count }),
})

export type HistoryEntry = Readonly<Static<typeof Entry>>
export type ReleaseKind = HistoryEntry['kind']

/** What a release declares, for people. */
export type ReleaseCounts = Readonly<HistoryEntry['counts']>

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
  if (!Value.Check(Entry, value) || (value as { format?: unknown }).format !== 1) return null
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
