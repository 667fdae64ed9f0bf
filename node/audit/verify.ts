import { type Link, NO_HASH, parseEntry, RECOVERED } from './entry.ts'
import { auditFault } from './errors.ts'
import { formatNote, readHead } from './head.ts'
import { linesForwards } from './lines.ts'
import { listSegments } from './segments.ts'
import type { AuditEntry } from './types.ts'

/**
 * - `changed`: an entry that is not what was written, or bytes that are no entry
 * - `missing`: entries are gone before this one
 * - `out-of-order`: an entry stands where another one belongs
 * - `cut-off`: the log ends before an entry that it is known to have had
 */
export type AuditFaultKind = 'changed' | 'missing' | 'out-of-order' | 'cut-off'

export interface AuditFault {
  readonly kind: AuditFaultKind
  /** The number of the first entry that does not fit. */
  readonly seq: number
  readonly file: string
  /** Counted from 1; 0 for what is not there. */
  readonly line: number
  readonly message: string
}

export interface AuditVerdict {
  readonly fault: AuditFault | null
  /** Entries that fit, up to the fault. */
  readonly entries: number
  readonly first: Link | null
  readonly last: Link | null
  /** `<number>:<hash>` of the newest entry: kept elsewhere, it proves later that nothing up to it was changed. */
  readonly note: string | null
  /** What this check showed, and what it cannot show, in sentences. */
  readonly proved: readonly string[]
}

export interface VerifyOptions {
  /** An entry that was noted earlier, somewhere else. The log may begin right behind it, when older files were moved away. */
  anchor?: Link | undefined
  signal?: AbortSignal | undefined
}

/** Reads the whole log and checks every hash. @throws AuditError when it cannot be read */
export async function verifyAudit(folder: string, options: VerifyOptions = {}): Promise<AuditVerdict> {
  try {
    // Before the log, which only grows: an entry that is appended meanwhile is no fault.
    const head = await readHead(folder)
    const walk = new Walk(head, options.anchor)
    for (const segment of await listSegments(folder)) {
      let line = 0
      for await (const { text, isWhole } of linesForwards(segment.path)) {
        if (line++ % 256 === 0) options.signal?.throwIfAborted()
        if (walk.fault === null) walk.take(text, isWhole, { file: segment.name, line })
      }
      if (walk.fault !== null) break
    }
    return walk.conclude()
  } catch (error) {
    throw auditFault(error, folder)
  }
}

interface Place {
  readonly file: string
  readonly line: number
}

/** The pure part: what was seen of the chain so far. */
class Walk {
  fault: AuditFault | null = null
  readonly #head: Link | null
  readonly #anchor: Link | undefined
  #before: Link | null = null
  #first: Link | null = null
  #entries = 0
  #unfinished: Place | null = null
  #startsAtAnchor = false
  #hasAnchor = false

  constructor(head: Link | null, anchor: Link | undefined) {
    this.#head = head
    this.#anchor = anchor
  }

  take(text: string | null, isWhole: boolean, place: Place): undefined {
    const expected = (this.#before?.seq ?? 0) + 1
    if (this.#unfinished !== null) {
      return this.#blame('changed', expected, this.#unfinished, 'a line that was not finished has others behind it')
    }
    if (!isWhole) {
      this.#unfinished = place
      return
    }
    const entry = text === null ? null : parseEntry(text)
    if (entry === null) {
      return this.#blame('changed', expected, place, `entry ${expected} is not what was written, or no entry at all`)
    }
    const wrong = this.#before === null ? this.#beginning(entry) : this.#following(entry, this.#before)
    if (wrong !== null) return this.#blame(wrong[0], entry.seq, place, wrong[1])
    this.#compare(entry, place)
    if (this.fault !== null) return
    this.#first ??= entry
    this.#before = { seq: entry.seq, hash: entry.hash }
    this.#entries++
  }

  #beginning({ seq, previous }: AuditEntry): [AuditFaultKind, string] | null {
    if (seq === 1 && previous === NO_HASH) return null
    this.#startsAtAnchor = seq === (this.#anchor?.seq ?? 0) + 1 && previous === this.#anchor?.hash
    this.#hasAnchor = this.#startsAtAnchor
    if (this.#startsAtAnchor) return null
    return ['missing', `the log begins with entry ${seq}; entries 1 to ${seq - 1} are not here`]
  }

  #following({ seq, previous }: AuditEntry, before: Link): [AuditFaultKind, string] | null {
    if (seq === before.seq + 1 && previous === before.hash) return null
    if (seq > before.seq + 1) {
      return ['missing', `entry ${seq} follows entry ${before.seq}; what was between them is not here`]
    }
    if (seq <= before.seq) return ['out-of-order', `entry ${seq} stands behind entry ${before.seq}`]
    return ['changed', `entry ${seq} was written behind another entry ${before.seq} than the one that is here`]
  }

  /** With what the outside knows of the entry, and what the entry itself knows of losses. */
  #compare({ seq, hash, action, via, details }: AuditEntry, place: Place): undefined {
    const lost = Number(details['lost'] ?? 0)
    if (action === RECOVERED && via === 'system' && lost > 0) {
      return this.#blame(
        'cut-off',
        seq,
        place,
        `before entry ${seq} was written, ${lost} entries had been cut off (${details['head']} was the newest)`,
      )
    }
    for (const [known, from] of [
      [this.#head, 'the note beside the log'],
      [this.#anchor, 'the note that was given'],
    ] as const) {
      if (known?.seq !== seq) continue
      if (known.hash !== hash) {
        return this.#blame(
          'changed',
          seq,
          place,
          `entry ${seq} is not the one that ${from} has: the log was written anew`,
        )
      }
      if (known === this.#anchor) this.#hasAnchor = true
    }
  }

  #blame(kind: AuditFaultKind, seq: number, place: Place, message: string): undefined {
    this.fault = { kind, seq, ...place, message }
  }

  conclude(): AuditVerdict {
    const last = this.#before
    const newest = Math.max(this.#head?.seq ?? 0, this.#anchor?.seq ?? 0)
    if (this.fault === null && newest > (last?.seq ?? 0)) {
      const seq = (last?.seq ?? 0) + 1
      const message = `the log ends with entry ${last?.seq ?? 0}; it had at least ${newest}: its end was cut off`
      this.#blame('cut-off', seq, { file: '', line: 0 }, message)
    }
    const first = this.#first === null ? null : { seq: this.#first.seq, hash: this.#first.hash }
    const note = last === null ? null : formatNote(last)
    return {
      fault: this.fault,
      entries: this.#entries,
      first,
      last,
      note,
      proved: this.fault === null ? this.#proved() : [],
    }
  }

  #proved(): string[] {
    if (this.#first === null || this.#before === null) return ['The log is empty.']
    const from = this.#startsAtAnchor ? `directly behind the noted entry ${this.#anchor?.seq}` : 'from the first one'
    const sentences = [
      `${this.#entries} entries, ${from} to number ${this.#before.seq}, are each what was written and in their order.`,
      this.#head === null
        ? 'There is no note beside the log, so entries that were cut off at its end would not be seen.'
        : `The note beside the log has entry ${this.#head.seq}, which is here: the end was not cut off by somebody who left the note alone.`,
      this.#hasAnchor
        ? `Entry ${this.#anchor?.seq} is the one that was noted elsewhere: nothing up to it was written anew.`
        : 'Somebody who may write these files could have written the whole log anew; keep the note elsewhere and give it with --anchor to rule that out.',
    ]
    if (this.#unfinished !== null) {
      sentences.push(
        'Behind the last entry is a line that is not finished: it is being written, or its writer was killed. It was never acknowledged.',
      )
    }
    return sentences
  }
}
