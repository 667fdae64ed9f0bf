import type { PeerId } from '#node/host'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { encodeAnswer, MAX_ALSO, type WhoAnswer } from './codec.ts'
import { ExchangeError } from './errors.ts'
import type { Holding, HoldingListener } from './holding.ts'

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

export interface Subscription extends HoldingListener {
  readonly handle: number
  readonly replica: boolean
  holding: Holding | null
  also: number[]
}

/** The blobs that one asker follows, and what it has to be told of them. */
export class Subscriptions {
  readonly #peer: PeerId
  readonly #source: AnswerSource
  readonly #onNews: () => void
  readonly #all = new Map<number, Subscription>()
  readonly #changed = new Set<Subscription>()
  readonly #news = new Set<Subscription>()

  constructor(parts: { peer: PeerId; source: AnswerSource; onNews: () => void }) {
    this.#peer = parts.peer
    this.#source = parts.source
    this.#onNews = parts.onNews
  }

  get size(): number {
    return this.#all.size
  }

  get(handle: number): Subscription | undefined {
    return this.#all.get(handle)
  }

  /** @throws ExchangeError 'malformed' */
  async add(handle: number, replica: boolean, blob: Sha256Hex): Promise<void> {
    if (this.#all.has(handle)) throw new ExchangeError('malformed', `handle ${handle} was used twice`)
    const subscription: Subscription = {
      handle,
      replica,
      peer: this.#peer,
      holding: null,
      also: [],
      changed: () => {
        this.#changed.add(subscription)
        this.#onNews()
      },
      chunk: index => {
        subscription.also.push(index)
        if (subscription.also.length >= ANNOUNCE_CHUNKS) this.#announce(subscription)
      },
    }
    this.#all.set(handle, subscription)
    subscription.holding = await this.#source.follow(blob, subscription)
    subscription.changed()
  }

  /** Answers what ended. */
  remove(handle: number): Subscription | undefined {
    const subscription = this.#all.get(handle)
    if (!subscription) return undefined
    this.#all.delete(handle)
    this.#changed.delete(subscription)
    this.#news.delete(subscription)
    if (subscription.holding) this.#source.unfollow(subscription.holding, subscription)
    return subscription
  }

  /** Announces what came since the last time. */
  tick(): void {
    for (const subscription of this.#all.values()) if (subscription.also.length > 0) this.#announce(subscription)
  }

  /** The next frame to send; null when the asker knows all there is to know. */
  next(): Uint8Array | null {
    return this.#nextState() ?? this.#nextNews()
  }

  close(): void {
    for (const handle of this.#all.keys()) this.remove(handle)
  }

  #announce(subscription: Subscription): void {
    this.#news.add(subscription)
    this.#onNews()
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
}
