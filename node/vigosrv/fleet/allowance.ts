/** What one sender may cost: so much at once, and so much each second. */
export class Allowance {
  readonly #burst: number
  readonly #perMs: number
  #left: number
  #at: number

  constructor(options: { burst: number; perSecond: number; nowMs: number }) {
    this.#burst = options.burst
    this.#perMs = options.perSecond / 1000
    this.#left = options.burst
    this.#at = options.nowMs
  }

  /** Milliseconds until the sender is out of debt; 0 when it is not in debt. The cost is taken in any case. */
  spend(cost: number, nowMs: number): number {
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, nowMs - this.#at) * this.#perMs) - cost
    this.#at = nowMs
    return this.#left >= 0 ? 0 : -this.#left / this.#perMs
  }
}
