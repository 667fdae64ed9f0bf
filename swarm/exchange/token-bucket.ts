/** Bytes per second that may be asked for; a request may overdraw, the next one then waits. */
export class TokenBucket {
  readonly #rate: () => number | null
  #tokens = 0
  #at: number

  /** `rate` answers bytes per second, or null for no limit. */
  constructor(rate: () => number | null, now: number) {
    this.#rate = rate
    this.#at = now
  }

  isOpen(now: number): boolean {
    const rate = this.#rate()
    if (rate === null) return true
    this.#tokens = Math.min(this.#tokens + (rate * (now - this.#at)) / 1000, rate / 4)
    this.#at = now
    return this.#tokens > 0
  }

  take(bytes: number): void {
    if (this.#rate() !== null) this.#tokens -= bytes
  }
}
