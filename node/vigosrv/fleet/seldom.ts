import type { Clock } from '#node/kit'

const AGAIN_MS = 60_000
const MAX_REMEMBERED = 10_000

/** Whether something is to be told: each thing once a minute, so that nobody fills the log of the server. */
export class Seldom {
  readonly #clock: Clock
  readonly #toldAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  allows(what: string): boolean {
    const now = this.#clock.monotonicMs()
    const toldAt = this.#toldAt.get(what)
    if (toldAt !== undefined && now - toldAt < AGAIN_MS) return false
    if (this.#toldAt.size >= MAX_REMEMBERED) this.#toldAt.clear()
    this.#toldAt.set(what, now)
    return true
  }
}
