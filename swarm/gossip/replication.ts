import type { Host, PeerId } from '#node/host'
import {
  ByteReader,
  backoff,
  type Clock,
  codeOf,
  concatBytes,
  encodeBlock,
  fromHex,
  isAbort,
  jitter,
  type Logger,
  messageOf,
  type Random,
  TaskGroup,
  toHex,
} from '#node/kit'
import { decodeRecord, encodeRecord, RecordError, type SignedRecord } from '#swarm/record'
import type { RecordSet, Topic } from './record-set.ts'
import { noteOutdated, type SyncReport, serveSync, syncWith } from './sync.ts'

/**
 * Topics `/vigo/<fleet id>/<topic>/1`. A message is a batch:
 *
 *     byte 1 (version), then items: byte 1 || varint length, record envelope
 *                                   byte 2 || 32 bytes id || 32 bytes hash     announced: too large to gossip, ask the sender
 *
 * An announced record is fetched from the sender and judged before the announcement is forwarded. Messages stay under 200 KiB. A message in which anything is invalid is rejected as a whole and costs its sender score.
 */
const MESSAGE_VERSION = 1
const MAX_MESSAGE_BYTES = 200 * 1024
/** Records published within this time travel together. */
const BATCH_MS = 10
const SYNC_INTERVAL_MS = 60_000
/** After a connection; while that fails, or gossip does not flow yet, it is repeated until its waits would be as long as the interval. */
const CATCH_UP = { firstMs: 1_000, mostMs: 32_000, tries: 7 }
/** What a record that cannot be judged yet builds on is asked of its sender, and not more often. */
const HELD_MS = 3_000

/** Spreads records at once (gossip) and makes sure of it later (anti-entropy). */
export class Replication {
  readonly #options: ReplicationOptions
  readonly #sets: readonly RecordSet[]
  readonly #tasks: TaskGroup
  readonly #stop = new AbortController()
  readonly #pending = new Map<Topic, { items: Uint8Array[]; bytes: number; flushed: Promise<void> }>()
  readonly #syncing = new Map<PeerId, Promise<SyncReport>>()
  readonly #catchUps = new Map<PeerId, AbortController>()
  /** Who is asked soon, for what records that they sent build on. */
  readonly #planned = new Set<PeerId>()
  #lastSync: { peer: PeerId; at: number } | null = null

  private constructor(options: ReplicationOptions) {
    this.#options = options
    this.#sets = options.sets
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.debug('replication-failed', { reason: messageOf(error) })
    })
  }

  static async start(options: ReplicationOptions): Promise<Replication> {
    const replication = new Replication(options)
    const { host, fleetId, logger } = options
    await serveSync(host, options.sets, logger)
    for (const set of options.sets) {
      host.gossip.subscribe(topicName(fleetId, set.topic), (message, from) => replication.#take(set, message, from))
    }
    const unsubscribe = host.onPeer(({ type, peer }) => {
      if (type === 'connect') replication.#beginCatchUp(peer, 2_000 * options.random())
      else replication.#catchUps.get(peer)?.abort()
    })
    replication.#stop.signal.addEventListener('abort', unsubscribe, { once: true })
    for (const peer of host.peers()) replication.#beginCatchUp(peer, 0)
    replication.#tasks.run(() => replication.#syncForever())
    return replication
  }

  /** Gossips records that this machine's set has accepted already. Resolves when they left, not when they arrived. */
  async publish(topic: Topic, record: SignedRecord): Promise<void> {
    const envelope = encodeRecord(record)
    const item =
      envelope.byteLength > MAX_MESSAGE_BYTES
        ? concatBytes(Uint8Array.of(2), fromHex(await this.#rowIdOf(topic, record)), fromHex(record.hash))
        : concatBytes(Uint8Array.of(1), encodeBlock(envelope))
    const waiting = this.#pending.get(topic)
    if (waiting !== undefined && waiting.bytes + item.byteLength <= MAX_MESSAGE_BYTES) {
      waiting.items.push(item)
      waiting.bytes += item.byteLength
      return waiting.flushed
    }
    const batch = { items: [item], bytes: item.byteLength, flushed: Promise.resolve() }
    batch.flushed = this.#options.clock.sleep(BATCH_MS).then(async () => {
      if (this.#pending.get(topic) === batch) this.#pending.delete(topic)
      if (this.#stop.signal.aborted) return
      const message = concatBytes(Uint8Array.of(MESSAGE_VERSION), ...batch.items)
      await this.#options.host.gossip.publish(topicName(this.#options.fleetId, topic), message)
    })
    this.#pending.set(topic, batch)
    return batch.flushed
  }

  /** Compares everything with one member now; a run that is under way is shared. */
  sync(peer: PeerId): Promise<SyncReport> {
    const running = this.#syncing.get(peer)
    if (running !== undefined) return running
    const { host, logger, clock } = this.#options
    const run = syncWith(host, peer, this.#sets, { signal: this.#stop.signal, logger })
      .then(report => {
        this.#lastSync = { peer, at: clock.now() }
        if (report.received + report.sent > 0) logger.debug('synced', { peer, ...report })
        return report
      })
      .finally(() => this.#syncing.delete(peer))
    this.#syncing.set(peer, run)
    return run
  }

  status(): { lastSync: { peer: PeerId; at: number } | null; records: Partial<Record<Topic, number>> } {
    return {
      lastSync: this.#lastSync,
      records: Object.fromEntries(this.#sets.map(set => [set.topic, set.table.size])),
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled([...this.#pending.values()].map(batch => batch.flushed))
    await this.#tasks.settled()
  }

  async #take(set: RecordSet, message: Uint8Array, from: PeerId): Promise<'accept' | 'ignore' | 'reject'> {
    try {
      const { records, announced } = decodeMessage(message)
      const outcomes = await Promise.all(records.map(record => set.offer(record)))
      noteOutdated(this.#options.logger, from, set.topic, outcomes)
      if (announced.some(row => !set.table.has(row.id, row.hash))) this.#tasks.run(() => this.#syncIfConnected(from))
      else if (outcomes.includes('held')) this.#syncLater(from)
      const worthForwarding = outcomes.includes('new') || announced.some(row => !set.table.has(row.id, row.hash))
      return worthForwarding ? 'accept' : 'ignore'
    } catch (error) {
      if (!(error instanceof RecordError)) {
        this.#options.logger.info('gossip-not-taken', { topic: set.topic, peer: from, reason: messageOf(error) })
        return 'ignore'
      }
      this.#options.logger.warn(
        'record-refused',
        { peer: from, topic: set.topic, reason: error.code },
        `a member gossiped a record that is not valid: ${error.message}`,
      )
      return 'reject'
    }
  }

  async #rowIdOf(topic: Topic, record: SignedRecord): Promise<string> {
    const set = this.#sets.find(candidate => candidate.topic === topic)
    for (const row of set?.table.rows() ?? []) if (row.hash === record.hash) return row.id
    throw new RangeError(`record ${record.hash} is not held in ${topic}`)
  }

  async #syncIfConnected(peer: PeerId): Promise<void> {
    if (this.#options.host.peers().includes(peer)) await this.sync(peer)
  }

  /** Once for everything that is held until then. */
  #syncLater(peer: PeerId): void {
    if (this.#planned.has(peer)) return
    this.#planned.add(peer)
    this.#tasks.run(async () => {
      await this.#options.clock.sleep(HELD_MS, { signal: this.#stop.signal })
      this.#planned.delete(peer)
      await this.#syncIfConnected(peer)
    })
  }

  /** One for each connection: it ends with it. */
  #beginCatchUp(peer: PeerId, delayMs: number): void {
    const ended = new AbortController()
    this.#catchUps.get(peer)?.abort()
    this.#catchUps.set(peer, ended)
    this.#tasks.run(() =>
      this.#catchUp(peer, delayMs, AbortSignal.any([this.#stop.signal, ended.signal])).finally(() => {
        if (this.#catchUps.get(peer) === ended) this.#catchUps.delete(peer)
      }),
    )
  }

  /** Until one sync succeeded that began when gossip reached the member already: nothing is published between the two. */
  async #catchUp(peer: PeerId, delayMs: number, signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options
    let waitMs = delayMs
    for (let attempt = 0; attempt < CATCH_UP.tries; attempt++) {
      await clock.sleep(waitMs, { signal })
      const isHeard = this.#hearsGossip(peer)
      try {
        await this.sync(peer)
        if (isHeard) return
      } catch (error) {
        // One that has just been started may do so in a moment, and then asks by itself too.
        if (signal.aborted || (codeOf(error) === 'unsupported' && attempt > 0)) return
        logger.debug('sync-failed', { peer, reason: messageOf(error) })
      }
      waitMs = backoff(attempt, CATCH_UP, random)
    }
  }

  #hearsGossip(peer: PeerId): boolean {
    const { host, fleetId } = this.#options
    return this.#sets.some(({ topic }) => host.gossip.subscribers(topicName(fleetId, topic)).includes(peer))
  }

  async #syncForever(): Promise<void> {
    const { clock, random, host, logger } = this.#options
    for (;;) {
      await clock.sleep(jitter(this.#options.syncIntervalMs ?? SYNC_INTERVAL_MS, 0.3, random), {
        signal: this.#stop.signal,
      })
      const peers = host.peers()
      const peer = peers[Math.floor(random() * peers.length)]
      if (peer === undefined) continue
      await this.sync(peer).catch((error: unknown) => {
        if (!this.#stop.signal.aborted) logger.info('sync-failed', { peer, reason: messageOf(error) })
      })
    }
  }
}

export interface ReplicationOptions {
  host: Host
  fleetId: string
  /** In the order in which they are synced: what others need to be judged comes first. */
  sets: readonly RecordSet[]
  clock: Clock
  random: Random
  logger: Logger
  syncIntervalMs?: number
}

export function topicName(fleetId: string, topic: Topic): string {
  return `/vigo/${fleetId}/${topic}/1`
}

/** @throws RecordError */
export function decodeMessage(message: Uint8Array): {
  records: SignedRecord[]
  announced: { id: string; hash: string }[]
} {
  const records: SignedRecord[] = []
  const announced: { id: string; hash: string }[] = []
  try {
    const reader = new ByteReader(message)
    const version = reader.byte()
    if (version !== MESSAGE_VERSION) throw new RangeError(`unknown gossip message version ${version}`)
    while (reader.remaining > 0) {
      const type = reader.byte()
      if (type === 1) records.push(decodeRecord(reader.block(MAX_MESSAGE_BYTES)))
      else if (type === 2) announced.push({ id: toHex(reader.bytes(32)), hash: toHex(reader.bytes(32)) })
      else throw new RangeError(`unknown gossip item ${type}`)
    }
  } catch (error) {
    if (error instanceof RecordError) throw error
    throw new RecordError('malformed', `gossip message is malformed: ${messageOf(error)}`)
  }
  return { records, announced }
}
