import type { Clock } from '#node/kit'

const MIN_SLEEP_MS = 5
const MAX_SLEEP_MS = 60_000

/** Rings once, after the time that was set last, or after a minute: whoever is woken looks whether anything is due. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #sleep = new AbortController()

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  set(waitMs: number): void {
    this.#sleep.abort()
    this.#sleep = new AbortController()
    const { signal } = this.#sleep
    this.#clock.sleep(Math.min(MAX_SLEEP_MS, Math.max(MIN_SLEEP_MS, waitMs)), { signal }).then(
      () => this.#ring(),
      () => undefined,
    )
  }

  stop(): void {
    this.#sleep.abort()
  }
}
