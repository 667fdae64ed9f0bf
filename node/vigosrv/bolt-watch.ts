import type { SpannerStatus } from '#node/api'
import { type Clock, isAbort, type Logger, messageOf, TaskGroup } from '#node/kit'
import type { Spanner } from './spanner/types.ts'

/** A bolt that is gone is noticed this late; what is published, at once. */
const LOOK_MS = 5_000
/** Between two looks, whatever is going on. */
const REST_MS = 500
const ANSWER_MS = 20_000

/** How the servers of the fleet were a moment ago: asking them takes longer than pages and metrics wait. */
export interface BoltsView {
  /** Null before the first look. */
  readonly status: SpannerStatus | null
  /** Since when a bolt has not had what is in force here, Unix milliseconds; null for one that has it. */
  behindSince(peer: string): number | null
  /** After something changed. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}

export interface BoltWatchOptions {
  readonly spanner: Pick<Spanner, 'status' | 'onChange'>
  readonly clock: Clock
  readonly logger: Logger
  readonly lookMs?: number
}

/** Looks at the servers again and again. */
export class BoltWatch implements BoltsView {
  readonly #options: BoltWatchOptions
  readonly #stop = new AbortController()
  readonly #listeners = new Set<() => void>()
  readonly #behind = new Map<string, number>()
  readonly #tasks: TaskGroup
  readonly #unsubscribe: () => void
  #status: SpannerStatus | null = null
  #shown = ''
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #isStale = false

  private constructor(options: BoltWatchOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(() => undefined)
    this.#unsubscribe = options.spanner.onChange(() => this.#changed())
  }

  static start(options: BoltWatchOptions): BoltWatch {
    const watch = new BoltWatch(options)
    watch.#begin()
    return watch
  }

  get status(): SpannerStatus | null {
    return this.#status
  }

  behindSince(peer: string): number | null {
    return this.#behind.get(peer) ?? null
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    clearTimeout(this.#timer)
    this.#stop.abort(new Error('the server is stopping'))
    await this.#tasks.settled()
  }

  #changed(): void {
    this.#isStale = true
    if (!this.#isLooking) this.#later(0)
  }

  #later(waitMs: number): void {
    clearTimeout(this.#timer)
    if (this.#stop.signal.aborted) return
    this.#timer = setTimeout(() => this.#begin(), waitMs)
    this.#timer.unref()
  }

  #begin(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#isStale = false
    this.#tasks.run(async () => {
      await this.#look()
      this.#isLooking = false
      this.#later(this.#isStale ? REST_MS : (this.#options.lookMs ?? LOOK_MS))
    })
  }

  async #look(): Promise<void> {
    const { spanner, clock, logger } = this.#options
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_MS)])
      const status = await spanner.status({ signal })
      this.#note(status, clock.now())
    } catch (error) {
      if (!this.#stop.signal.aborted && !isAbort(error)) logger.warn('bolts-not-seen', { reason: messageOf(error) })
    }
  }

  #note(status: SpannerStatus, now: number): void {
    const known = new Set(status.bolts.map(({ peer }) => peer))
    for (const peer of this.#behind.keys()) if (!known.has(peer)) this.#behind.delete(peer)
    for (const { peer, follows } of status.bolts) {
      if (follows) this.#behind.delete(peer)
      else if (!this.#behind.has(peer)) this.#behind.set(peer, now)
    }
    this.#status = status
    const shown = JSON.stringify(status)
    if (shown === this.#shown) return
    this.#shown = shown
    for (const listener of this.#listeners) listener()
  }
}
