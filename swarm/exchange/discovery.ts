import type { Host, PeerId } from '#node/host'
import { type Clock, Deadline, fromHex, jitter, type Logger, messageOf, type Random } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import type { AskStream } from './ask-stream.ts'
import { MAX_WHO } from './codec.ts'
import type { ExchangeLimits } from './limits.ts'

const BATCH_MS = 5
const PROVIDERS_MS = 10_000
const PROVIDERS_EVERY_MS = 15_000
/** The directory is asked only when connected members had this long and nobody has it. */
const PROVIDERS_AFTER_MS = 500

export interface Want {
  readonly blob: Sha256Hex
  /** More members would help. */
  readonly isOpen: boolean
  readonly hasSource: boolean
  suggest(peer: PeerId): void
}

/** Finds members that hold what is wanted: asks the connected ones all at once, then their hints, then the directory. */
export class Discovery {
  readonly #host: Host
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #limits: ExchangeLimits
  readonly #stream: (peer: PeerId) => AskStream | null
  readonly #bolts: () => readonly PeerId[]
  readonly #wants = new Map<Sha256Hex, { want: Want; since: number; directoryAt: number }>()
  readonly #abort = new AbortController()
  readonly #unsubscribe: () => void
  #fresh = new Set<Sha256Hex>()
  #freshAt = 0
  #againAt = 0

  constructor(parts: {
    host: Host
    clock: Clock
    random: Random
    logger: Logger
    limits: ExchangeLimits
    stream: (peer: PeerId) => AskStream | null
    bolts: () => readonly PeerId[]
  }) {
    this.#host = parts.host
    this.#clock = parts.clock
    this.#random = parts.random
    this.#logger = parts.logger
    this.#limits = parts.limits
    this.#stream = parts.stream
    this.#bolts = parts.bolts
    this.#unsubscribe = parts.host.onPeer(({ type, peer }) => {
      if (type === 'connect' && this.#wants.size > 0) this.#ask(peer, [...this.#wants.keys()])
    })
  }

  /** From now on until `forget`. */
  want(want: Want): void {
    const now = this.#clock.monotonicMs()
    this.#wants.set(want.blob, { want, since: now, directoryAt: now + PROVIDERS_AFTER_MS })
    if (this.#fresh.size === 0) {
      this.#freshAt = now + BATCH_MS
      void this.#askFreshSoon()
    }
    this.#fresh.add(want.blob)
  }

  forget(blob: Sha256Hex): void {
    this.#wants.delete(blob)
    this.#fresh.delete(blob)
  }

  tick(now: number): void {
    if (now >= this.#againAt) {
      this.#againAt = now + jitter(this.#limits.whoEveryMs, 0.2, this.#random)
      this.#askEverybody([...this.#wants.values()].filter(({ want }) => want.isOpen).map(({ want }) => want.blob))
    }
    for (const entry of this.#wants.values()) {
      if (entry.want.hasSource || now < entry.directoryAt) continue
      entry.directoryAt = now + PROVIDERS_EVERY_MS
      void this.#askDirectory(entry.want)
    }
  }

  close(): void {
    this.#unsubscribe()
    this.#abort.abort(new Error('this node is stopping'))
    this.#wants.clear()
  }

  async #askFreshSoon(): Promise<void> {
    await this.#clock.sleep(BATCH_MS, { signal: this.#abort.signal }).catch(() => undefined)
    const blobs = [...this.#fresh]
    this.#fresh = new Set()
    this.#againAt = this.#freshAt + jitter(this.#limits.whoEveryMs, 0.2, this.#random)
    this.#askEverybody(blobs)
  }

  #askEverybody(blobs: readonly Sha256Hex[]): void {
    if (blobs.length === 0 || this.#abort.signal.aborted) return
    const connected = [...new Set([...this.#host.peers(), ...this.#bolts()])]
    shuffle(connected, this.#random)
    for (const peer of connected.slice(0, this.#limits.maxAsked)) this.#ask(peer, blobs)
  }

  #ask(peer: PeerId, blobs: readonly Sha256Hex[]): void {
    for (let at = 0; at < blobs.length; at += MAX_WHO) void this.#askBatch(peer, blobs.slice(at, at + MAX_WHO))
  }

  async #askBatch(peer: PeerId, blobs: readonly Sha256Hex[]): Promise<void> {
    const stream = this.#stream(peer)
    if (!stream) return
    try {
      using deadline = new Deadline(this.#limits.whoDeadlineMs, `asking ${peer} what it has`, this.#abort.signal)
      const answers = await stream.who(blobs, deadline.signal)
      for (const [i, { holds, hints }] of answers.entries()) {
        const want = this.#wants.get(blobs[i]!)?.want
        if (holds !== 'none') want?.suggest(peer)
        for (const hint of hints) want?.suggest(hint)
      }
    } catch (error) {
      this.#logger.debug('who-failed', { peer, error: messageOf(error) })
    }
  }

  async #askDirectory(want: Want): Promise<void> {
    try {
      using deadline = new Deadline(PROVIDERS_MS, 'looking for providers', this.#abort.signal)
      for await (const peer of this.#host.content.findProviders(fromHex(want.blob), { signal: deadline.signal })) {
        want.suggest(peer)
      }
    } catch (error) {
      this.#logger.debug('providers-failed', { blob: want.blob, error: messageOf(error) })
    }
  }
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const swapped = items[i]!
    items[i] = items[j]!
    items[j] = swapped
  }
}
