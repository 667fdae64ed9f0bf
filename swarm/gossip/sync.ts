import { type FrameStream, type Host, HostError, type PeerId } from '#node/host'
import { Deadline, type Logger, messageOf } from '#node/kit'
import { decodeRecord, RecordError } from '#swarm/record'
import type { Outcome, RecordSet, Topic } from './record-set.ts'
import type { Row } from './record-table.ts'
import {
  decodeSync,
  differingBuckets,
  encodeSync,
  hasBucket,
  MAX_ROWS_PER_FRAME,
  MAX_ROWS_PER_TOPIC,
  MAX_SYNC_FRAME_BYTES,
  RECORDS_FRAME_BYTES,
  SYNC_PROTOCOL,
  type SyncMessage,
} from './sync-codec.ts'

const TOPIC_DEADLINE_MS = 60_000
/** Each time that held records are offered again, those that build on others of them are one step further. Longer chains take several runs. */
const MAX_ROUNDS = 8
/** Of records of one topic that wait for others of the same run. */
const MAX_HELD_BYTES = 16 * 1024 * 1024
/** A record has up to 4 MiB, most have less than one KiB. */
const ROWS_READ_AT_ONCE = 16

export interface SyncReport {
  readonly received: number
  readonly sent: number
}

/** Answers members that ask to compare. */
export async function serveSync(host: Host, sets: readonly RecordSet[], logger: Logger): Promise<void> {
  const options = { maxFrameBytes: MAX_SYNC_FRAME_BYTES, maxPerPeer: 4 }
  await host.serve(SYNC_PROTOCOL, options, async stream => {
    for (;;) {
      using deadline = new Deadline(TOPIC_DEADLINE_MS, `sync asked by ${stream.peer}`, stream.closed)
      const conversation = new Conversation(stream, deadline.signal, logger)
      const message = await conversation.next()
      if (message === null) break
      if (message.type !== 'digest') throw conversation.unexpected(message)
      const set = sets.find(candidate => candidate.topic === message.topic)
      await answerTopic(conversation, set, message.digests)
    }
    await stream.closeWrite()
  })
}

async function answerTopic(conversation: Conversation, set: RecordSet | undefined, digests: Uint8Array): Promise<void> {
  const differs = set === undefined ? new Uint8Array(32) : differingBuckets(digests, set.table.digests)
  const rows = set === undefined ? [] : [...set.table.rows(bucket => hasBucket(differs, bucket))]
  await conversation.sendRows(differs, rows)
  const wanted: Row[] = []
  for await (const message of conversation.untilDone()) {
    if (message.type !== 'want') throw conversation.unexpected(message)
    wanted.push(...message.rows)
    if (wanted.length > MAX_ROWS_PER_TOPIC) throw new HostError('too-large', 'asked for too many records')
  }
  if (set !== undefined) await conversation.sendRecords(set, wanted)
  await conversation.send({ type: 'done' })
  if (set !== undefined) await conversation.takeRecords(set)
  else for await (const message of conversation.untilDone()) throw conversation.unexpected(message)
  await conversation.send({ type: 'done' })
}

/** Compares the given sets with one member and exchanges what differs. @throws HostError, RecordError */
export async function syncWith(
  host: Host,
  peer: PeerId,
  sets: readonly RecordSet[],
  options: { signal?: AbortSignal | undefined; logger: Logger },
): Promise<SyncReport> {
  using opening = new Deadline(TOPIC_DEADLINE_MS, `sync with ${peer}`, options.signal)
  const stream = await host.open(peer, SYNC_PROTOCOL, { signal: opening.signal, maxFrameBytes: MAX_SYNC_FRAME_BYTES })
  let received = 0
  let sent = 0
  try {
    for (const set of sets) {
      using deadline = new Deadline(TOPIC_DEADLINE_MS, `sync of ${set.topic} with ${peer}`, options.signal)
      const conversation = new Conversation(stream, deadline.signal, options.logger)
      await conversation.send({ type: 'digest', topic: set.topic, digests: set.table.digests.slice() })
      const { differs, theirs } = await conversation.takeRows()
      const lacking = theirs.filter(row => !set.table.has(row.id, row.hash))
      for (let at = 0; at < lacking.length; at += MAX_ROWS_PER_FRAME) {
        await conversation.send({ type: 'want', rows: lacking.slice(at, at + MAX_ROWS_PER_FRAME) })
      }
      await conversation.send({ type: 'done' })
      received += await conversation.takeRecords(set)
      const known = new Set(theirs.map(row => row.hash))
      const surplus = [...set.table.rows(bucket => hasBucket(differs, bucket))].filter(row => !known.has(row.hash))
      sent += await conversation.sendRecords(set, surplus)
      await conversation.send({ type: 'done' })
      for await (const message of conversation.untilDone()) throw conversation.unexpected(message)
    }
    await stream.closeWrite()
    return { received, sent }
  } finally {
    stream.reset(new HostError('closed', 'sync is over'))
  }
}

/** A member that was away offers what it last knew; so does one that replays. Either way it is not taken. */
export function noteOutdated(logger: Logger, peer: PeerId, topic: Topic, outcomes: readonly (Outcome | null)[]): void {
  const count = outcomes.filter(outcome => outcome === 'outdated').length
  if (count === 0) return
  logger.info('record-outdated', { peer, topic, count }, 'a member sent records that newer ones here have superseded')
}

/** Read a few at a time; a row that vanished meanwhile is left out. */
async function* envelopesOf(set: RecordSet, rows: readonly Row[]): AsyncIterable<Uint8Array> {
  for (let at = 0; at < rows.length; at += ROWS_READ_AT_ONCE) {
    for (const envelope of await set.table.loadMany(rows.slice(at, at + ROWS_READ_AT_ONCE))) {
      if (envelope !== null) yield envelope
    }
  }
}

/** Records that could not be judged yet. Those beyond its limit come again with the next run. */
class HeldBack {
  #envelopes: Uint8Array[] = []
  #bytes = 0

  add(envelope: Uint8Array): void {
    this.#bytes += envelope.byteLength
    if (this.#bytes <= MAX_HELD_BYTES) this.#envelopes.push(envelope)
  }

  takeAll(): readonly Uint8Array[] {
    const envelopes = this.#envelopes
    this.#envelopes = []
    this.#bytes = 0
    return envelopes
  }
}

/** The messages of one stream under one deadline. */
class Conversation {
  readonly #stream: FrameStream
  readonly #signal: AbortSignal
  readonly #logger: Logger

  constructor(stream: FrameStream, signal: AbortSignal, logger: Logger) {
    this.#stream = stream
    this.#signal = signal
    this.#logger = logger
  }

  async send(message: SyncMessage): Promise<void> {
    await this.#stream.send(encodeSync(message), { signal: this.#signal })
  }

  async next(): Promise<SyncMessage | null> {
    const frame = await this.#stream.receive({ signal: this.#signal })
    if (frame === null) return null
    try {
      return decodeSync(frame.subarray())
    } catch (error) {
      throw new HostError('malformed', `${this.#stream.peer} sent a malformed sync message: ${messageOf(error)}`)
    }
  }

  async *untilDone(): AsyncIterable<Exclude<SyncMessage, { type: 'done' }>> {
    for (;;) {
      const message = await this.next()
      if (message === null) throw new HostError('reset', `${this.#stream.peer} ended the sync early`)
      if (message.type === 'done') return
      yield message
    }
  }

  unexpected(message: SyncMessage): HostError {
    return new HostError(
      'malformed',
      `${this.#stream.peer} sent '${message.type}' where the sync protocol has no such message`,
    )
  }

  async sendRows(differs: Uint8Array, rows: readonly Row[]): Promise<void> {
    for (let at = 0; at === 0 || at < rows.length; at += MAX_ROWS_PER_FRAME) {
      const part = rows.slice(at, at + MAX_ROWS_PER_FRAME)
      await this.send({ type: 'rows', differs, rows: part, last: at + MAX_ROWS_PER_FRAME >= rows.length })
    }
  }

  async takeRows(): Promise<{ differs: Uint8Array; theirs: Row[] }> {
    const theirs: Row[] = []
    for (;;) {
      const message = await this.next()
      if (message === null) throw new HostError('reset', `${this.#stream.peer} ended the sync early`)
      if (message.type !== 'rows') throw this.unexpected(message)
      theirs.push(...message.rows)
      if (theirs.length > MAX_ROWS_PER_TOPIC) throw new HostError('too-large', 'member offers too many records')
      if (message.last) return { differs: message.differs, theirs }
    }
  }

  async sendRecords(set: RecordSet, rows: readonly Row[]): Promise<number> {
    let envelopes: Uint8Array[] = []
    let bytes = 0
    let sent = 0
    for await (const envelope of envelopesOf(set, rows)) {
      if (bytes > 0 && bytes + envelope.byteLength > RECORDS_FRAME_BYTES) {
        await this.send({ type: 'records', envelopes })
        envelopes = []
        bytes = 0
      }
      envelopes.push(envelope)
      bytes += envelope.byteLength
      sent++
    }
    if (envelopes.length > 0) await this.send({ type: 'records', envelopes })
    return sent
  }

  /** Offers what arrives to the set, and what could not be judged a few times more, while that helps: what it builds on may have come after it. */
  async takeRecords(set: RecordSet): Promise<number> {
    let accepted = 0
    const held = new HeldBack()
    for await (const message of this.untilDone()) {
      if (message.type !== 'records') throw this.unexpected(message)
      accepted += await this.#offer(set, message.envelopes, held)
    }
    for (let round = 0, fresh = accepted; round < MAX_ROUNDS && fresh > 0; round++, accepted += fresh) {
      fresh = await this.#offer(set, held.takeAll(), held)
    }
    return accepted
  }

  /** Side by side, so that signatures are checked while others are written. */
  async #offer(set: RecordSet, envelopes: readonly Uint8Array[], held: HeldBack): Promise<number> {
    let accepted = 0
    const outcomes = await Promise.allSettled(envelopes.map(async bytes => set.offer(decodeRecord(bytes))))
    noteOutdated(
      this.#logger,
      this.#stream.peer,
      set.topic,
      outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : null)),
    )
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') this.#refused(outcome.reason)
      else if (outcome.value === 'new') accepted++
      else if (outcome.value === 'held') held.add(envelopes[index] as Uint8Array)
    }
    return accepted
  }

  #refused(error: unknown): never {
    if (error instanceof RecordError) {
      this.#logger.warn(
        'record-refused',
        { peer: this.#stream.peer, reason: error.code },
        `a member sent a record that is not valid: ${error.message}`,
      )
    }
    throw error
  }
}
