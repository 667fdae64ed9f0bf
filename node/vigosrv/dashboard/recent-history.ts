import type { HistoryEntry, Releases } from '#config/store'
import type { Clock } from '#node/kit'

/** As many as pages that name releases look at. */
const KEPT = 200
const MAX_AGE_MS = 1_000

/** The newest entries of the history, read from disk at most once a second however many pages are open. */
export class RecentHistory {
  readonly #releases: Pick<Releases, 'history'>
  readonly #clock: Clock
  #read: Promise<readonly HistoryEntry[]> = Promise.resolve([])
  #readAt = Number.NEGATIVE_INFINITY

  constructor(releases: Pick<Releases, 'history'>, clock: Clock) {
    this.#releases = releases
    this.#clock = clock
  }

  /** The newest first. */
  async entries(): Promise<readonly HistoryEntry[]> {
    const now = this.#clock.monotonicMs()
    if (now - this.#readAt > MAX_AGE_MS) {
      this.#readAt = now
      this.#read = this.#releases.history({ limit: KEPT }).then(({ entries }) => entries)
      this.#read.catch(() => {
        this.#readAt = Number.NEGATIVE_INFINITY
      })
    }
    return await this.#read
  }
}
