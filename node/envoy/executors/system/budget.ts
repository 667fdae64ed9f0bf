import { setTimeout as sleep } from 'node:timers/promises'

/** What is left of a resource's `timeout`, over all that one check or apply does. */
export class Budget {
  readonly seconds: number
  readonly signal: AbortSignal
  readonly #until: number

  constructor(seconds: number, signal: AbortSignal) {
    this.seconds = seconds
    this.signal = signal
    this.#until = performance.now() + seconds * 1000
  }

  /** At least a millisecond, since a timer of nothing would mean something else. */
  get leftMs(): number {
    return Math.max(1, this.#until - performance.now())
  }

  get isUsedUp(): boolean {
    return performance.now() >= this.#until
  }

  /** Waits at most `durationMs`, and no longer than there is time. */
  async pause(durationMs: number): Promise<void> {
    await sleep(Math.min(durationMs, this.leftMs), undefined, { signal: this.signal })
  }
}
