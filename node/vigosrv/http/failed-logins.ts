import type { Clock } from '#node/kit'

const WINDOW_MS = 5 * 60_000
/** Wrong tokens from one address within the window before it is told to wait. */
const MAX_FAILURES = 20
const MAX_ADDRESSES = 10_000

/**
 * Counts wrong tokens by address. Guessing one of 2^256 is hopeless anyway; this keeps those who try from being worth a log line and a
 * comparison each. Good tokens are never counted, so nobody can be locked out by a neighbour.
 */
export class FailedLogins {
  readonly #clock: Clock
  readonly #byAddress = new Map<string, { count: number; since: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One more from there. True when it is too many. */
  note(from: string): boolean {
    const now = this.#clock.monotonicMs()
    const known = this.#byAddress.get(from)
    const entry = known !== undefined && now - known.since < WINDOW_MS ? known : { count: 0, since: now }
    entry.count++
    this.#byAddress.delete(from)
    this.#byAddress.set(from, entry)
    if (this.#byAddress.size > MAX_ADDRESSES) {
      const [oldest] = this.#byAddress.keys()
      if (oldest !== undefined) this.#byAddress.delete(oldest)
    }
    return entry.count > MAX_FAILURES
  }
}
