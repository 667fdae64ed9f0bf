import { decodeEntry, type HistoryEntry, isReleaseHash, type ReleaseHash } from '#config/store'

/** What a commit of the stacks says of its release. Its number, and that of the entry that it restores, follow from the commits before it. */
export interface ReleaseNote extends Omit<HistoryEntry, 'number' | 'restores'> {
  /** Of a rollback: the release that it brought back. */
  readonly restores: ReleaseHash | null
  /** Host name of the server where it was published. */
  readonly bolt: string
}

const TRAILER = 'Vigo-Release: '
const MAX_BOLT = 253

/**
 * The message of a commit: a line for people, and one for us.
 *
 *     publish: new web role
 *
 *     Vigo-Release: {"format":1,"release":"…","kind":"publish", …}
 */
export function messageOfRelease(note: ReleaseNote): string {
  const { reason, kind, restores } = note
  const subject = `${kind}${restores === null ? '' : ` to ${restores.slice(0, 12)}`}${reason === '' ? '' : `: ${reason}`}`
  return `${subject.slice(0, 200)}\n\n${TRAILER}${JSON.stringify({ format: 1, ...note })}`
}

/** Null for a message that `messageOfRelease` does not make. */
export function noteOfMessage(message: string): ReleaseNote | null {
  const line = message
    .trimEnd()
    .split('\n')
    .findLast(text => text.startsWith(TRAILER))
  if (line === undefined) return null
  try {
    const said: unknown = JSON.parse(line.slice(TRAILER.length))
    if (typeof said !== 'object' || said === null) return null
    const { restores, bolt } = said as { restores?: unknown; bolt?: unknown }
    const entry = decodeEntry(JSON.stringify({ ...said, number: 1, restores: null }))
    if (entry === null || typeof bolt !== 'string' || bolt.length > MAX_BOLT || /\p{Cc}/u.test(bolt)) return null
    if (restores !== null && !isReleaseHash(restores)) return null
    const { number: _number, ...rest } = entry
    return { ...rest, restores, bolt }
  } catch {
    return null
  }
}
