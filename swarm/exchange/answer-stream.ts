import type { FrameStream, PeerId } from '#node/host'
import { type Clock, type Logger, messageOf } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import { type Answer, type Ask, type DeclineReason, dataHeader, decodeAsk, encodeAnswer } from './codec.ts'
import { ExchangeError } from './errors.ts'
import type { ExchangeLimits } from './limits.ts'
import type { PieceBuffers } from './piece-buffers.ts'
import { type AnswerSource, Subscriptions } from './subscriptions.ts'
import type { UploadBudget } from './upload-budget.ts'
import { UploadLine } from './upload-line.ts'

const MAX_CONTROL = 1024
const MAX_MANIFESTS = 4

/** Answers one member's questions: reads ahead a few pieces at most, within the budget that all members share. */
export class AnswerStream {
  readonly peer: PeerId
  readonly #stream: FrameStream
  readonly #source: AnswerSource
  readonly #limits: ExchangeLimits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #subscriptions: Subscriptions
  readonly #control: Uint8Array[] = []
  readonly #line: UploadLine
  readonly #buffers: PieceBuffers
  readonly #onServed: (bytes: number) => void
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
      onServed?: (bytes: number) => void
    },
  ) {
    this.peer = stream.peer
    this.#stream = stream
    this.#source = parts.source
    this.#limits = parts.limits
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#buffers = parts.buffers
    this.#onServed = parts.onServed ?? (() => undefined)
    this.#subscriptions = new Subscriptions({ peer: this.peer, source: parts.source, onNews: () => this.#signal() })
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
    this.#subscriptions.tick()
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
    if (this.#subscriptions.size < this.#limits.maxSubscriptions) {
      await this.#subscriptions.add(handle, replica, blob)
      return
    }
    this.#say({ kind: 'have', handle, holds: 'none', several: false, chunkCount: 0, bits: null })
  }

  #unsubscribe(handle: number): void {
    const ended = this.#subscriptions.remove(handle)
    if (ended) this.#line.cancelOwner(ended)
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
    const next = this.#control.shift() ?? this.#subscriptions.next()
    if (!next) {
      this.#drained?.()
      this.#drained = null
      return false
    }
    await this.#send(next)
    return true
  }

  async #writePiece(): Promise<boolean> {
    const piece = this.#line.next()
    if (!piece) return false
    const { bytes } = piece
    const startedAt = this.#clock.monotonicMs()
    const onSent = this.#buffers.owns(bytes) ? () => this.#buffers.giveBack(bytes) : undefined
    try {
      await this.#send([piece.job.head(piece.offset), bytes], onSent)
      this.#onServed(piece.length)
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
    this.#subscriptions.close()
    this.#line.close()
  }
}
