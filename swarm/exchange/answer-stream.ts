import type { FrameStream, PeerId } from '#node/host'
import { type Clock, type Logger, messageOf } from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import {
  type Answer,
  type Ask,
  type DeclineReason,
  dataHeader,
  decodeAsk,
  encodeAnswer,
  MAX_ALSO,
  type WhoAnswer,
} from './codec.ts'
import { ExchangeError } from './errors.ts'
import type { Holding, HoldingListener } from './holding.ts'
import type { ExchangeLimits } from './limits.ts'
import type { PieceBuffers } from './piece-buffers.ts'
import type { UploadBudget } from './upload-budget.ts'
import { UploadLine } from './upload-line.ts'

const MAX_CONTROL = 1024
const MAX_MANIFESTS = 4
/** So many new chunks are announced at once; fewer wait for the next tick, so that each does not cost every asker a frame. */
const ANNOUNCE_CHUNKS = 16

/** What an asking stream needs to know of this node. */
export interface AnswerSource {
  who(blobs: readonly Sha256Hex[], wanting: boolean, peer: PeerId): Promise<WhoAnswer[]>
  manifest(hash: Sha256Hex): Promise<Manifest | null>
  follow(blob: Sha256Hex, listener: HoldingListener): Promise<Holding>
  unfollow(holding: Holding, listener: HoldingListener): void
  /** Holds nothing, but is bringing the blob here. */
  isComing(blob: Sha256Hex): boolean
}

interface Subscription extends HoldingListener {
  readonly handle: number
  readonly replica: boolean
  holding: Holding | null
  also: number[]
  dropped: boolean
}

/** Answers one member's questions: reads ahead a few pieces at most, within the budget that all members share. */
export class AnswerStream {
  readonly peer: PeerId
  readonly #stream: FrameStream
  readonly #source: AnswerSource
  readonly #limits: ExchangeLimits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #subscriptions = new Map<number, Subscription>()
  readonly #control: Uint8Array[] = []
  readonly #line: UploadLine
  readonly #buffers: PieceBuffers
  readonly #changed = new Set<Subscription>()
  readonly #news = new Set<Subscription>()
  #wake: (() => void) | null = null
  /** Something happened since the writer last looked. */
  #signalled = false
  #drained: (() => void) | null = null
  #sendingSince: number | null = null
  #reading = true
  #highestId = -1

  constructor(
    stream: FrameStream,
    parts: {
      source: AnswerSource
      limits: ExchangeLimits
      budget: UploadBudget
      buffers: PieceBuffers
      clock: Clock
      logger: Logger
    },
  ) {
    this.peer = stream.peer
    this.#stream = stream
    this.#source = parts.source
    this.#limits = parts.limits
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#buffers = parts.buffers
    this.#line = new UploadLine({
      budget: parts.budget,
      buffers: parts.buffers,
      aheadBytes: parts.limits.uploadBytesPerPeer,
      onReady: () => this.#signal(),
      onUnreadable: (id, error) => {
        this.#logger.warn('chunk-unreadable', { peer: this.peer, error }, messageOf(error))
        this.#decline(id, 'unreadable', 10_000)
      },
    })
  }

  /** Until the asker finished or the stream broke. */
  async run(): Promise<void> {
    const writing = this.#write()
    writing.catch(error => this.#stream.reset(error))
    try {
      await this.#read()
      this.#reading = false
      this.#signal()
      await writing
    } catch (error) {
      this.#stream.reset(error instanceof Error ? error : new Error(String(error)))
      await writing.catch(() => undefined)
      throw error
    } finally {
      this.#release()
    }
  }

  /** Announces what came since the last one; drops an asker that takes nothing. */
  tick(now: number): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.also.length > 0) this.#announce(subscription)
    }
    if (this.#sendingSince === null || now - this.#sendingSince < this.#limits.uploadStuckMs) return
    this.#logger.warn('asker-stuck', { peer: this.peer }, `${this.peer} takes no bytes; its stream is dropped`)
    this.#stream.reset(new ExchangeError('closed', `${this.peer} took no bytes for ${this.#limits.uploadStuckMs} ms`))
  }

  drop(): void {
    this.#stream.reset(new ExchangeError('closed', 'this node is stopping'))
  }

  async #read(): Promise<void> {
    for (;;) {
      const frame = await this.#stream.receive()
      if (frame === null) return
      await this.#answer(decodeAsk(frame.subarray()))
      while (this.#control.length > MAX_CONTROL) await this.#controlDrained()
    }
  }

  #controlDrained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onClosed = (): void => reject(new ExchangeError('closed', 'the stream is gone'))
      if (this.#stream.closed.aborted) return onClosed()
      this.#stream.closed.addEventListener('abort', onClosed, { once: true })
      this.#drained = () => {
        this.#stream.closed.removeEventListener('abort', onClosed)
        resolve()
      }
    })
  }

  async #answer(ask: Ask): Promise<void> {
    switch (ask.kind) {
      case 'who': {
        const answers = await this.#source.who(ask.blobs, ask.wanting, this.peer)
        this.#say({ kind: 'who', id: ask.id, answers })
        return
      }
      case 'have':
        await this.#subscribe(ask.handle, ask.replica, ask.blob)
        return
      case 'drop':
        this.#unsubscribe(ask.handle)
        return
      case 'manifest':
        await this.#askManifest(ask.id, ask.hash)
        return
      case 'get':
        this.#get(ask)
        return
      case 'cancel':
        this.#line.cancel(ask.id)
        return
    }
  }

  async #subscribe(handle: number, replica: boolean, blob: Sha256Hex): Promise<void> {
    if (this.#subscriptions.has(handle)) throw new ExchangeError('malformed', `handle ${handle} was used twice`)
    if (this.#subscriptions.size >= 2 * this.#limits.maxSubscriptions) {
      throw new ExchangeError('malformed', `more than ${2 * this.#limits.maxSubscriptions} subscriptions`)
    }
    if (this.#subscriptions.size >= this.#limits.maxSubscriptions) {
      this.#say({ kind: 'have', handle, holds: 'none', several: false, chunkCount: 0, bits: null })
      return
    }
    const subscription: Subscription = {
      handle,
      replica,
      peer: this.peer,
      holding: null,
      also: [],
      dropped: false,
      changed: () => {
        this.#changed.add(subscription)
        this.#signal()
      },
      chunk: index => {
        subscription.also.push(index)
        if (subscription.also.length >= ANNOUNCE_CHUNKS) this.#announce(subscription)
      },
    }
    this.#subscriptions.set(handle, subscription)
    subscription.holding = await this.#source.follow(blob, subscription)
    subscription.changed()
  }

  #announce(subscription: Subscription): void {
    this.#news.add(subscription)
    this.#signal()
  }

  #unsubscribe(handle: number): void {
    const subscription = this.#subscriptions.get(handle)
    if (!subscription) return
    this.#subscriptions.delete(handle)
    this.#end(subscription)
    this.#line.cancelOwner(subscription)
  }

  #end(subscription: Subscription): void {
    subscription.dropped = true
    this.#changed.delete(subscription)
    this.#news.delete(subscription)
    if (subscription.holding) this.#source.unfollow(subscription.holding, subscription)
  }

  async #askManifest(id: number, hash: Sha256Hex): Promise<void> {
    this.#useId(id)
    if (this.#line.waitingWithoutOwner() >= MAX_MANIFESTS) {
      this.#decline(id, 'busy', 1000)
      return
    }
    const manifest = await this.#source.manifest(hash)
    if (!manifest) {
      this.#decline(id, 'unknown', 1000)
      return
    }
    const { bytes } = manifest
    const total = bytes.byteLength
    this.#line.add({
      id,
      owner: null,
      replica: false,
      from: 0,
      length: total,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      head: offset => encodeAnswer({ kind: 'manifest', id, total, offset, bytes: new Uint8Array(0) }),
    })
  }

  #get(ask: Ask & { kind: 'get' }): void {
    const { id, chunk, offset, length } = ask
    this.#useId(id)
    const subscription = this.#subscriptions.get(ask.handle)
    const holding = subscription?.holding
    if (!subscription || !holding || (holding.chunkCount === 0 && holding.holds === 'none')) {
      this.#decline(id, 'unknown', 1000)
      return
    }
    const chunkLength = holding.chunkLength(chunk)
    if (chunkLength === undefined || offset + length > chunkLength) {
      throw new ExchangeError('malformed', `asked for bytes outside chunk ${chunk}`)
    }
    if (this.#isBusy(length)) {
      this.#decline(id, 'busy', 1000)
      return
    }
    if (!holding.hasChunk(chunk)) {
      this.#decline(id, 'not-held', 1000)
      return
    }
    if (holding.holds === 'complete') {
      const decision = holding.seeding.decide(this.peer, chunk, ask.force, this.#clock.monotonicMs())
      if (!decision.serve) {
        this.#decline(id, 'seeding', decision.retryAfterMs, [decision.ask])
        return
      }
    }
    this.#line.add({
      id,
      owner: subscription,
      replica: subscription.replica,
      from: offset,
      length,
      read: (at, count, allocate) => holding.read(chunk, at, count, allocate),
      head: at => dataHeader(id, at),
    })
  }

  #useId(id: number): void {
    if (id <= this.#highestId) throw new ExchangeError('malformed', `id ${id} does not follow ${this.#highestId}`)
    this.#highestId = id
  }

  /** @throws ExchangeError 'malformed' far above the limits */
  #isBusy(length: number): boolean {
    const { maxGets, maxAskedBytes } = this.#limits
    const gets = this.#line.size + 1
    const bytes = this.#line.bytes + length
    if (gets > 2 * maxGets || bytes > 2 * maxAskedBytes) {
      throw new ExchangeError('malformed', `${gets} requests for ${bytes} bytes are too much at once`)
    }
    return gets > maxGets || bytes > maxAskedBytes
  }

  #decline(id: number, reason: DeclineReason, retryAfterMs: number, hints: PeerId[] = []): void {
    this.#say({ kind: 'decline', id, reason, retryAfterMs, hints })
  }

  #say(answer: Answer): void {
    this.#control.push(encodeAnswer(answer))
    this.#signal()
  }

  async #write(): Promise<void> {
    const { closed } = this.#stream
    const onClosed = (): void => this.#signal()
    closed.addEventListener('abort', onClosed)
    try {
      while (!closed.aborted) {
        this.#signalled = false
        if (await this.#writeControl()) continue
        this.#line.readAhead()
        if (await this.#writePiece()) continue
        if (!this.#reading && this.#line.size === 0) return
        if (this.#signalled) continue
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      }
    } finally {
      closed.removeEventListener('abort', onClosed)
    }
  }

  async #writeControl(): Promise<boolean> {
    const next = this.#control.shift() ?? this.#nextState() ?? this.#nextNews()
    if (!next) {
      this.#drained?.()
      this.#drained = null
      return false
    }
    await this.#send(next)
    return true
  }

  #nextState(): Uint8Array | null {
    const subscription = this.#changed.values().next().value
    if (!subscription?.holding) return null
    this.#changed.delete(subscription)
    this.#news.delete(subscription)
    subscription.also = []
    const { holds, seeding, chunkCount, bits, blob } = subscription.holding
    const { handle } = subscription
    if (holds === 'none') {
      const coming = this.#source.isComing(blob)
      return encodeAnswer({
        kind: 'have',
        handle,
        holds: coming ? 'partial' : 'none',
        several: false,
        chunkCount: 0,
        bits: null,
      })
    }
    return encodeAnswer({ kind: 'have', handle, holds, several: seeding.several, chunkCount, bits })
  }

  #nextNews(): Uint8Array | null {
    const subscription = this.#news.values().next().value
    if (!subscription) return null
    const chunks = subscription.also.splice(0, MAX_ALSO)
    if (subscription.also.length === 0) this.#news.delete(subscription)
    return encodeAnswer({ kind: 'also', handle: subscription.handle, chunks })
  }

  async #writePiece(): Promise<boolean> {
    const piece = this.#line.next()
    if (!piece) return false
    const { bytes } = piece
    const startedAt = this.#clock.monotonicMs()
    const onSent = this.#buffers.owns(bytes) ? () => this.#buffers.giveBack(bytes) : undefined
    try {
      await this.#send([piece.job.head(piece.offset), bytes], onSent)
    } finally {
      this.#line.give(piece, this.#clock.monotonicMs() - startedAt)
    }
    return true
  }

  async #send(parts: Uint8Array | readonly Uint8Array[], onSent?: () => void): Promise<void> {
    this.#sendingSince = this.#clock.monotonicMs()
    try {
      await this.#stream.send(parts, onSent ? { onSent } : {})
    } finally {
      this.#sendingSince = null
    }
  }

  #signal(): void {
    this.#signalled = true
    this.#wake?.()
    this.#wake = null
  }

  #release(): void {
    for (const subscription of this.#subscriptions.values()) this.#end(subscription)
    this.#subscriptions.clear()
    this.#line.close()
  }
}
