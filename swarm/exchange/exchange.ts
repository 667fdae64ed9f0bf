import type { Host, PeerId } from '#node/host'
import {
  type Clock,
  fromHex,
  type Logger,
  messageOf,
  type Random,
  raceSignal,
  silentLogger,
  systemClock,
} from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import type { BlobDescriptor, BlobStore } from '#swarm/store'
import { AskStream } from './ask-stream.ts'
import { Discovery } from './discovery.ts'
import { ExchangeError } from './errors.ts'
import { EXCHANGE_LIMITS, type ExchangeLimits } from './limits.ts'
import { createReputation, type Reputation } from './reputation.ts'
import { Responder } from './responder.ts'
import { TokenBucket } from './token-bucket.ts'
import { Transfer } from './transfer.ts'
import type { Exchange, FetchOptions, FetchReport, TransferStatus } from './types.ts'
import { WantBook } from './want-book.ts'

const PROVIDE_MS = 30_000
const MAX_PROVIDES = 1_000

export interface ExchangeOptions {
  readonly host: Host
  readonly store: BlobStore
  readonly clock?: Clock
  /** In [0, 1). Default: `Math.random`; nothing secret depends on it. */
  readonly random?: Random
  readonly logger?: Logger
  readonly limits?: Partial<ExchangeLimits>
  /** Members to ask also when they are not connected. */
  readonly bolts?: () => readonly PeerId[]
  /** For all replica fetches together; null means no limit. */
  readonly replicaBytesPerSecond?: () => number | null
  readonly reputation?: Reputation
}

/** What `createExchange` makes. */
export interface BlobExchange extends Exchange {
  /** Says in the directory that this machine holds the blob; best effort, one after the other. */
  provide(blob: Sha256Hex): void
  readonly reputation: Reputation
}

/** Starts to answer members at once. */
export async function createExchange(options: ExchangeOptions): Promise<BlobExchange> {
  const exchange = new BlobsExchange(options)
  await exchange.start()
  return exchange
}

interface Running {
  readonly transfer: Transfer
  readonly result: Promise<FetchReport>
  callers: number
}

class BlobsExchange implements BlobExchange {
  readonly reputation: Reputation
  readonly #host: Host
  readonly #store: BlobStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #limits: ExchangeLimits
  readonly #responder: Responder
  readonly #discovery: Discovery
  readonly #replicaBytes: TokenBucket
  readonly #book: WantBook
  readonly #streams = new Map<PeerId, AskStream>()
  readonly #running = new Map<Sha256Hex, Running>()
  readonly #toProvide = new Set<Sha256Hex>()
  readonly #abort = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  /** Of transfers that are over. */
  #bytesFetched = 0
  #providing = false
  #ticking = false

  constructor(options: ExchangeOptions) {
    this.#host = options.host
    this.#store = options.store
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#logger = (options.logger ?? silentLogger).child({ part: 'exchange' })
    this.#limits = { ...EXCHANGE_LIMITS, ...options.limits }
    this.reputation = options.reputation ?? createReputation(this.#logger)
    this.#replicaBytes = new TokenBucket(options.replicaBytesPerSecond ?? (() => null), this.#clock.monotonicMs())
    this.#book = new WantBook()
    const shared = { clock: this.#clock, logger: this.#logger, limits: this.#limits }
    this.#responder = new Responder({
      ...shared,
      store: this.#store,
      book: this.#book,
      wants: {
        isWanted: blob => this.#running.has(blob),
        holders: blob =>
          this.#running
            .get(blob)
            ?.transfer.links.holders()
            .map(link => link.peer) ?? [],
        alsoWanted: (blob, peer) => this.#suggest(blob, peer),
      },
      onBusy: () => void this.#tickWhileBusy(),
    })
    this.#discovery = new Discovery({
      ...shared,
      host: this.#host,
      random: this.#random,
      stream: peer => this.#stream(peer),
      bolts: options.bolts ?? (() => []),
    })
  }

  async start(): Promise<void> {
    this.#unsubscribe.push(
      this.reputation.onBan((peer, reason) => this.#cutOff(peer, reason)),
      this.#host.onPeer(({ type, peer }) => {
        if (type === 'disconnect') this.#streams.get(peer)?.end('disconnected')
      }),
    )
    await this.#responder.serve(this.#host)
  }

  async fetch(blob: BlobDescriptor, options: FetchOptions = {}): Promise<FetchReport> {
    this.#checkOpen()
    if (options.signal?.aborted) throw aborted(blob)
    for (let old = this.#running.get(blob.sha); old?.transfer.isOver; old = this.#running.get(blob.sha)) {
      await old.result.catch(() => undefined)
    }
    this.#checkOpen()
    const running = this.#running.get(blob.sha) ?? this.#begin(blob, options)
    const { transfer } = running
    if (transfer.blob.chunks !== blob.chunks || transfer.blob.sizeBytes !== blob.sizeBytes) {
      throw new ExchangeError('mismatch', `${blob.sha} is being fetched with another size or manifest`)
    }
    if (options.priority !== 'replica') transfer.priority = 'pull'
    transfer.stallMs = Math.max(transfer.stallMs, options.stallMs ?? this.#limits.stallMs)
    for (const hint of options.hints ?? []) this.#suggest(blob.sha, hint)
    const unfollow = options.onProgress ? transfer.onProgress(options.onProgress) : () => undefined
    running.callers++
    try {
      return options.signal ? await raceSignal(running.result, options.signal) : await running.result
    } catch (error) {
      if (error instanceof ExchangeError || !options.signal?.aborted) throw error
      throw aborted(blob, error)
    } finally {
      unfollow()
      running.callers--
      if (running.callers === 0) transfer.abort(aborted(blob))
      if (options.signal?.aborted && running.callers === 0) await running.result.catch(() => undefined)
    }
  }

  transfers(): TransferStatus[] {
    return [...this.#running.values()].map(({ transfer }) => transfer.status())
  }

  totals(): { bytesFetched: number; bytesServed: number } {
    const running = [...this.#running.values()].map(({ transfer }) => transfer.status().bytesFetched)
    return {
      bytesFetched: running.reduce((sum, bytes) => sum + bytes, this.#bytesFetched),
      bytesServed: this.#responder.bytesServed,
    }
  }

  provide(blob: Sha256Hex): void {
    if (this.#toProvide.size >= MAX_PROVIDES) return
    this.#toProvide.add(blob)
    void this.#provideAll()
  }

  async close(): Promise<void> {
    if (this.#abort.signal.aborted) return
    const error = new ExchangeError('closed', 'this node is stopping')
    this.#abort.abort(error)
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    for (const { transfer } of this.#running.values()) transfer.abort(error)
    await Promise.allSettled([...this.#running.values()].map(({ result }) => result))
    this.#discovery.close()
    for (const stream of this.#streams.values()) stream.end('this node is stopping')
    await this.#responder.close()
  }

  #begin(blob: BlobDescriptor, options: FetchOptions): Running {
    const transfer = new Transfer(
      blob,
      { priority: options.priority ?? 'pull', stallMs: options.stallMs ?? this.#limits.stallMs },
      {
        store: this.#store,
        clock: this.#clock,
        random: this.#random,
        logger: this.#logger,
        limits: this.#limits,
        reputation: this.reputation,
        stream: peer => this.#stream(peer),
        mayAsk: (priority, now) => this.#mayAsk(priority, now),
        asked: (priority, bytes) => {
          if (priority === 'replica') this.#replicaBytes.take(bytes)
        },
        began: sha => void this.#responder.changed(sha),
        gained: (sha, chunk) => this.#responder.gained(sha, chunk),
      },
    )
    const result = this.#run(transfer)
    result.catch(() => undefined)
    const running = { transfer, result, callers: 0 }
    this.#running.set(blob.sha, running)
    return running
  }

  async #run(transfer: Transfer): Promise<FetchReport> {
    const { blob } = transfer
    try {
      const stat = await this.#store.stat(blob.sha)
      if (stat?.state === 'complete')
        return { bytesFetched: 0, bytesReused: stat.sizeBytes, durationMs: 0, sources: {} }
      this.#discovery.want({
        blob: blob.sha,
        get isOpen() {
          return !transfer.links.isFull
        },
        get hasSource() {
          return transfer.links.holders().length > 0
        },
        suggest: peer => this.#suggest(blob.sha, peer),
      })
      for (const peer of this.#book.hints(blob.sha, this.#host.peerId, this.#clock.monotonicMs())) {
        this.#suggest(blob.sha, peer)
      }
      void this.#tickWhileBusy()
      const report = await transfer.run()
      this.provide(blob.sha)
      return report
    } finally {
      this.#discovery.forget(blob.sha)
      this.#bytesFetched += transfer.status().bytesFetched
      this.#running.delete(blob.sha)
      void this.#responder.changed(blob.sha)
    }
  }

  #suggest(blob: Sha256Hex, peer: PeerId): void {
    this.#running.get(blob)?.transfer.links.suggest(peer, this.#clock.monotonicMs())
  }

  /** Replicas wait while a pull moves, and for the bandwidth they may use. */
  #mayAsk(priority: 'pull' | 'replica', now: number): string | null {
    if (priority === 'pull') return null
    for (const { transfer } of this.#running.values()) {
      if (transfer.priority === 'pull' && transfer.isMoving) return 'pulls go first'
    }
    return this.#replicaBytes.isOpen(now) ? null : 'the bandwidth for replicas is used up'
  }

  #stream(peer: PeerId): AskStream | null {
    if (peer === this.#host.peerId || this.reputation.isBanned(peer) || this.#abort.signal.aborted) return null
    const now = this.#clock.monotonicMs()
    let stream = this.#streams.get(peer)
    if (!stream) {
      const opened = new AskStream(peer, {
        host: this.#host,
        now,
        onLie: (liar, what) => this.reputation.ban(liar, what),
        onEnd: () => {
          if (this.#streams.get(peer) === opened) this.#streams.delete(peer)
        },
      })
      stream = opened
      this.#streams.set(peer, opened)
    }
    stream.usedAt = now
    return stream
  }

  #cutOff(peer: PeerId, reason: string): void {
    for (const { transfer } of this.#running.values()) transfer.links.drop(peer, reason, this.#clock.monotonicMs())
    this.#streams.get(peer)?.end(reason)
  }

  /** One timer for every deadline there is. */
  async #tickWhileBusy(): Promise<void> {
    if (this.#ticking) return
    this.#ticking = true
    try {
      while (this.#running.size > 0 || this.#streams.size > 0 || this.#responder.isBusy) {
        await this.#clock.sleep(this.#limits.tickMs, { signal: this.#abort.signal })
        const now = this.#clock.monotonicMs()
        for (const { transfer } of this.#running.values()) transfer.tick(now)
        this.#discovery.tick(now)
        this.#responder.tick(now)
        this.#closeIdleStreams(now)
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#logger.error('exchange-tick', { error }, messageOf(error))
    } finally {
      this.#ticking = false
    }
  }

  #closeIdleStreams(now: number): void {
    for (const stream of this.#streams.values()) {
      if (!stream.isIdle) stream.usedAt = now
      else if (now - stream.usedAt > this.#limits.idleStreamMs) stream.end('not needed for a while')
    }
  }

  async #provideAll(): Promise<void> {
    if (this.#providing) return
    this.#providing = true
    for (const blob of this.#toProvide) {
      if (this.#abort.signal.aborted) break
      this.#toProvide.delete(blob)
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(PROVIDE_MS)])
      try {
        await this.#host.content.provide(fromHex(blob), { signal })
        await this.#clock.sleep(this.#limits.provideEveryMs, { signal: this.#abort.signal })
      } catch (error) {
        this.#logger.debug('provide-failed', { blob, error: messageOf(error) })
      }
    }
    this.#providing = false
  }

  #checkOpen(): void {
    if (this.#abort.signal.aborted) throw new ExchangeError('closed', 'this node is stopping')
  }
}

function aborted(blob: BlobDescriptor, cause?: unknown): ExchangeError {
  return new ExchangeError('aborted', `fetching ${blob.sha} was stopped`, cause === undefined ? {} : { cause })
}
