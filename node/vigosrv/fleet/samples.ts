import type { Clock } from '#node/kit'
import type { FleetStore } from './fleet-store.ts'
import type { FleetCounts, FleetSample } from './types.ts'

const KEEP_MS = 2 * 24 * 3600e3
/** One a minute, and some for a clock that went back. */
const MAX_SAMPLES = 4_000

/** The convergence curve. */
export class Samples {
  readonly #store: FleetStore
  readonly #clock: Clock

  constructor(store: FleetStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async take(counts: FleetCounts): Promise<void> {
    const at = this.#clock.now()
    await this.#store.putSample({ at, counts }, at - KEEP_MS)
  }

  /** The oldest first. */
  async since(since: number): Promise<readonly FleetSample[]> {
    return await this.#store.samples(Math.max(since, this.#clock.now() - KEEP_MS), MAX_SAMPLES)
  }
}
