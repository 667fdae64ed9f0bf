import type { HistoryEntry, Releases } from '#config/store'
import type { Clock } from '#node/kit'
import type { Policy } from '../policy/index.ts'

/** As many as pages that name releases look at. */
const KEPT = 200
const MAX_AGE_MS = 1_000

export interface RecentHistoryOptions {
  readonly releases: Pick<Releases, 'history'>
  readonly policy: Pick<Policy, 'version'>
  readonly clock: Clock
}

/** The newest entries of the history, read from disk at most once a second however many pages are open, and after each load. */
export class RecentHistory {
  readonly #options: RecentHistoryOptions
  #read: Promise<readonly HistoryEntry[]> = Promise.resolve([])
  #readAt = Number.NEGATIVE_INFINITY
  #version = -1

  constructor(options: RecentHistoryOptions) {
    this.#options = options
  }

  /** The newest first. What is live is in it. */
  async entries(): Promise<readonly HistoryEntry[]> {
    const { releases, policy, clock } = this.#options
    const now = clock.monotonicMs()
    if (now - this.#readAt > MAX_AGE_MS || policy.version !== this.#version) {
      this.#readAt = now
      this.#version = policy.version
      this.#read = releases.history({ limit: KEPT }).then(({ entries }) => entries)
      this.#read.catch(() => {
        this.#readAt = Number.NEGATIVE_INFINITY
      })
    }
    return await this.#read
  }
}
