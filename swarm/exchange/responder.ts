import type { FrameStream, Host, PeerId } from '#node/host'
import type { Clock, Logger } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import type { BlobStore } from '#swarm/store'
import { AnswerStream } from './answer-stream.ts'
import { BLOBS_PROTOCOL, MAX_ASK_FRAME, MAX_HINTS, type WhoAnswer } from './codec.ts'
import { ExchangeError } from './errors.ts'
import { Holding, type HoldingListener } from './holding.ts'
import type { ExchangeLimits } from './limits.ts'
import { PieceBuffers } from './piece-buffers.ts'
import type { AnswerSource } from './subscriptions.ts'
import { UploadBudget } from './upload-budget.ts'
import type { WantBook } from './want-book.ts'

/** What the asking half of this node tells the answering half. */
export interface LocalWants {
  isWanted(blob: Sha256Hex): boolean
  /** Members that hold some of a blob which is on its way here. */
  holders(blob: Sha256Hex): PeerId[]
  /** A member said that it wants the blob as well. */
  alsoWanted(blob: Sha256Hex, peer: PeerId): void
}

/** Gives what this machine holds to members who ask. */
export class Responder implements AnswerSource {
  readonly #store: BlobStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limits: ExchangeLimits
  readonly #book: WantBook
  readonly #wants: LocalWants
  readonly #onBusy: () => void
  readonly #budget: UploadBudget
  readonly #buffers = new PieceBuffers()
  readonly #streams = new Set<AnswerStream>()
  readonly #holdings = new Map<Sha256Hex, Holding>()
  readonly #unsubscribe: () => void
  #closed = false
  /** Bytes of chunks and manifests that were handed to the system. */
  bytesServed = 0

  constructor(parts: {
    store: BlobStore
    clock: Clock
    logger: Logger
    limits: ExchangeLimits
    book: WantBook
    wants: LocalWants
    /** `tick` is needed from now on, while `isBusy`. */
    onBusy: () => void
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#limits = parts.limits
    this.#book = parts.book
    this.#wants = parts.wants
    this.#onBusy = parts.onBusy
    this.#budget = new UploadBudget(parts.limits.uploadBytes)
    this.#unsubscribe = parts.store.onChange(({ sha }) => {
      void this.changed(sha)
    })
  }

  get isBusy(): boolean {
    return this.#streams.size > 0
  }

  async serve(host: Host): Promise<void> {
    await host.serve(BLOBS_PROTOCOL, { maxFrameBytes: MAX_ASK_FRAME, maxPerPeer: 2 }, stream => this.#answer(stream))
  }

  tick(now: number): void {
    for (const stream of this.#streams) stream.tick(now)
  }

  /** A copy began, became complete or went away. */
  async changed(blob: Sha256Hex): Promise<void> {
    const holding = this.#holdings.get(blob)
    if (!holding) return
    await holding.refresh().catch(() => undefined)
    for (const listener of holding.listeners) listener.changed()
  }

  gained(blob: Sha256Hex, chunk: number): void {
    this.#holdings.get(blob)?.gained(chunk)
  }

  async who(blobs: readonly Sha256Hex[], wanting: boolean, peer: PeerId): Promise<WhoAnswer[]> {
    const now = this.#clock.monotonicMs()
    const answers: WhoAnswer[] = []
    for (const blob of blobs) {
      const stat = await this.#store.stat(blob)
      const holds = stat?.state ?? (this.#wants.isWanted(blob) ? 'partial' : 'none')
      const known = [...this.#wants.holders(blob), ...this.#book.hints(blob, peer, now)]
      const hints = [...new Set(known)].filter(hint => hint !== peer).slice(0, MAX_HINTS)
      answers.push({ holds, hints })
      if (!wanting) continue
      this.#book.note(blob, peer, now)
      this.#wants.alsoWanted(blob, peer)
    }
    return answers
  }

  manifest(hash: Sha256Hex): ReturnType<BlobStore['manifest']> {
    return this.#store.manifest(hash)
  }

  isComing(blob: Sha256Hex): boolean {
    return this.#wants.isWanted(blob)
  }

  async follow(blob: Sha256Hex, listener: HoldingListener): Promise<Holding> {
    let holding = this.#holdings.get(blob)
    if (!holding) {
      holding = new Holding(blob, this.#store, this.#limits.declineMs)
      this.#holdings.set(blob, holding)
      holding.follow(listener)
      await holding.refresh()
    } else {
      holding.follow(listener)
      await holding.settled()
    }
    this.#book.note(blob, listener.peer, this.#clock.monotonicMs())
    this.#wants.alsoWanted(blob, listener.peer)
    return holding
  }

  unfollow(holding: Holding, listener: HoldingListener): void {
    holding.unfollow(listener)
    if (holding.listeners.size > 0 || this.#holdings.get(holding.blob) !== holding) return
    this.#holdings.delete(holding.blob)
    void holding.close()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    for (const stream of this.#streams) stream.drop()
    await Promise.allSettled([...this.#holdings.values()].map(holding => holding.close()))
    this.#holdings.clear()
  }

  async #answer(stream: FrameStream): Promise<void> {
    if (this.#closed) throw new ExchangeError('closed', 'this node is stopping')
    const answering = new AnswerStream(stream, {
      source: this,
      limits: this.#limits,
      budget: this.#budget,
      buffers: this.#buffers,
      clock: this.#clock,
      logger: this.#logger,
      onServed: bytes => {
        this.bytesServed += bytes
      },
    })
    this.#streams.add(answering)
    this.#onBusy()
    try {
      await answering.run()
    } catch (error) {
      this.#logger.debug('answering-ended', { peer: stream.peer, error })
      throw error
    } finally {
      this.#streams.delete(answering)
      if (this.#streams.size === 0) this.#buffers.clear()
    }
  }
}
