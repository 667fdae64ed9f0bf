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

  /** Takes the cost only when that leaves no debt; else nothing has changed. */
  spendIfThere(cost: number, nowMs: number): boolean {
    this.#refill(nowMs)
    if (this.#left < cost) return false
    this.#left -= cost
    return true
  }

  /** Milliseconds until the sender is out of debt; 0 when it is not in debt. The cost is taken in any case. */
  spend(cost: number, nowMs: number): number {
    this.#refill(nowMs)
    this.#left -= cost
    return this.#left >= 0 ? 0 : -this.#left / this.#perMs
  }

  #refill(nowMs: number): void {
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, nowMs - this.#at) * this.#perMs)
    this.#at = nowMs
  }
}
