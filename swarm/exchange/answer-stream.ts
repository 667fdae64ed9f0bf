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
  MAX_PAYLOAD,
  type WhoAnswer,
} from './codec.ts'
import { ExchangeError } from './errors.ts'
import type { Holding, HoldingListener } from './holding.ts'
import type { ExchangeLimits } from './limits.ts'
import type { UploadBudget } from './upload-budget.ts'

const SMALLEST_PIECE = 64 * 1024
/** Until the asker has shown how fast it takes them. */
const FIRST_PIECE = 256 * 1024
/** A piece is what the asker takes in about this time. */
const PIECE_MS = 250
const MAX_CONTROL = 1024
const MAX_MANIFESTS = 4

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

interface Job {
  readonly id: number
  readonly subscription: Subscription | null
  readonly from: number
  readonly length: number
  /** Of the first byte that no piece covers yet. */
  at: number
  readonly read: (offset: number, length: number) => Promise<Uint8Array>
  readonly head: (offset: number) => Uint8Array
  over: boolean
}

interface Piece {
  readonly job: Job
  readonly offset: number
  readonly length: number
  bytes: Uint8Array | null
  failed: boolean
  /** Its bytes are taken out of the budget; until then it waits in line, which `giveUp` ends. */
  budgeted: boolean
  giveUp: () => void
}

/** Answers one member's questions: reads ahead a few pieces at most, within the budget that all members share. */
export class AnswerStream {
  readonly peer: PeerId
  readonly #stream: FrameStream
  readonly #source: AnswerSource
  readonly #limits: ExchangeLimits
  readonly #budget: UploadBudget
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #subscriptions = new Map<number, Subscription>()
  readonly #control: Uint8Array[] = []
  readonly #jobs: Job[] = []
  readonly #open = new Map<number, Job>()
  readonly #pieces: Piece[] = []
  readonly #changed = new Set<Subscription>()
  readonly #news = new Set<Subscription>()
  #aheadBytes = 0
  #askedBytes = 0
  #pieceBytes = FIRST_PIECE
  #wake: (() => void) | null = null
  /** Something happened since the writer last looked. */
  #signalled = false
  #drained: (() => void) | null = null
  #sendingSince: number | null = null
  #reading = true
  #highestId = -1

  constructor(
    stream: FrameStream,
    parts: { source: AnswerSource; limits: ExchangeLimits; budget: UploadBudget; clock: Clock; logger: Logger },
  ) {
    this.peer = stream.peer
    this.#stream = stream
    this.#source = parts.source
    this.#limits = parts.limits
    this.#budget = parts.budget
    this.#clock = parts.clock
    this.#logger = parts.logger
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

  /** Drops an asker that takes nothing. */
  tick(now: number): void {
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
        this.#cancel(ask.id)
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
        this.#news.add(subscription)
        this.#signal()
      },
    }
    this.#subscriptions.set(handle, subscription)
    subscription.holding = await this.#source.follow(blob, subscription)
    subscription.changed()
  }

  #unsubscribe(handle: number): void {
    const subscription = this.#subscriptions.get(handle)
    if (!subscription) return
    this.#subscriptions.delete(handle)
    this.#end(subscription)
    for (const job of this.#open.values()) if (job.subscription === subscription) this.#cancel(job.id)
  }

  #end(subscription: Subscription): void {
    subscription.dropped = true
    this.#changed.delete(subscription)
    this.#news.delete(subscription)
    if (subscription.holding) this.#source.unfollow(subscription.holding, subscription)
  }

  async #askManifest(id: number, hash: Sha256Hex): Promise<void> {
    this.#useId(id)
    const waiting = this.#jobs.filter(job => job.subscription === null).length
    if (waiting >= MAX_MANIFESTS) {
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
    this.#enqueue({
      id,
      subscription: null,
      from: 0,
      length: total,
      at: 0,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      head: offset => encodeAnswer({ kind: 'manifest', id, total, offset, bytes: new Uint8Array(0) }),
      over: false,
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
    this.#enqueue({
      id,
      subscription,
      from: offset,
      length,
      at: offset,
      read: (at, count) => holding.read(chunk, at, count),
      head: at => dataHeader(id, at),
      over: false,
    })
  }

  #useId(id: number): void {
    if (id <= this.#highestId) throw new ExchangeError('malformed', `id ${id} does not follow ${this.#highestId}`)
    this.#highestId = id
  }

  /** @throws ExchangeError 'malformed' far above the limits */
  #isBusy(length: number): boolean {
    const { maxGets, maxAskedBytes } = this.#limits
    const gets = this.#open.size + 1
    const bytes = this.#askedBytes + length
    if (gets > 2 * maxGets || bytes > 2 * maxAskedBytes) {
      throw new ExchangeError('malformed', `${gets} requests for ${bytes} bytes are too much at once`)
    }
    return gets > maxGets || bytes > maxAskedBytes
  }

  #enqueue(job: Job): void {
    this.#jobs.push(job)
    this.#open.set(job.id, job)
    this.#askedBytes += job.length
    this.#signal()
  }

  #cancel(id: number): void {
    const job = this.#open.get(id)
    if (!job) return
    this.#finish(job)
    const at = this.#jobs.indexOf(job)
    if (at >= 0) this.#jobs.splice(at, 1)
  }

  #finish(job: Job): void {
    if (job.over) return
    job.over = true
    this.#open.delete(job.id)
    this.#askedBytes -= job.length
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
        this.#readAhead()
        if (await this.#writePiece()) continue
        if (!this.#reading && this.#open.size === 0) return
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

  #readAhead(): void {
    while (this.#aheadBytes < this.#limits.uploadBytesPerPeer) {
      const job = this.#jobs[0]
      if (!job) return
      const length = Math.min(this.#pieceBytes, job.from + job.length - job.at)
      const piece: Piece = {
        job,
        offset: job.at,
        length,
        bytes: null,
        failed: false,
        budgeted: false,
        giveUp: () => undefined,
      }
      job.at += length
      if (job.at === job.from + job.length) this.#jobs.shift()
      this.#pieces.push(piece)
      this.#aheadBytes += length
      piece.giveUp = this.#budget.take(length, job.subscription?.replica ?? false, () => {
        piece.budgeted = true
        void this.#fill(piece)
      })
    }
  }

  async #fill(piece: Piece): Promise<void> {
    try {
      if (piece.job.over) piece.failed = true
      else piece.bytes = await piece.job.read(piece.offset, piece.length)
    } catch (error) {
      piece.failed = true
      if (!piece.job.over) {
        this.#logger.warn('chunk-unreadable', { peer: this.peer, error }, messageOf(error))
        this.#cancel(piece.job.id)
        this.#decline(piece.job.id, 'unreadable', 10_000)
      }
    }
    this.#signal()
  }

  async #writePiece(): Promise<boolean> {
    const piece = this.#pieces[0]
    if (!piece || (!piece.bytes && !piece.failed && !piece.job.over)) return false
    this.#pieces.shift()
    try {
      if (!piece.bytes || piece.job.over) return true
      const startedAt = this.#clock.monotonicMs()
      const last = piece.offset + piece.length === piece.job.from + piece.job.length
      if (last) this.#finish(piece.job)
      await this.#send([piece.job.head(piece.offset), piece.bytes])
      this.#adapt(piece.length, this.#clock.monotonicMs() - startedAt)
    } finally {
      this.#returnPiece(piece)
    }
    return true
  }

  #returnPiece(piece: Piece): void {
    this.#aheadBytes -= piece.length
    if (piece.budgeted) this.#budget.release(piece.length)
    else piece.giveUp()
  }

  #adapt(bytes: number, tookMs: number): void {
    const fits = (bytes * PIECE_MS) / Math.max(tookMs, 1)
    this.#pieceBytes = Math.min(Math.max(Math.round(fits), SMALLEST_PIECE), 2 * this.#pieceBytes, MAX_PAYLOAD)
  }

  async #send(parts: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#sendingSince = this.#clock.monotonicMs()
    try {
      await this.#stream.send(parts)
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
    for (const job of this.#open.values()) job.over = true
    this.#open.clear()
    this.#jobs.length = 0
    for (const piece of this.#pieces.splice(0)) this.#returnPiece(piece)
  }
}
