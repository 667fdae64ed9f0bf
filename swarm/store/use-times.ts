import type { Clock } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import type { BlobIndex } from './blob-index.ts'

const FLUSH_MS = 30_000

/** When blobs were last used. Written to the index now and then: after a crash, up to 30 seconds of it are forgotten. */
export class UseTimes {
  readonly #index: BlobIndex
  readonly #clock: Clock
  readonly #used = new Map<Sha256Hex, number>()
  readonly #flushLater: (flush: () => Promise<void>) => void
  #timer: NodeJS.Timeout | undefined

  /** `flushLater` runs a flush in the background. */
  constructor(index: BlobIndex, clock: Clock, flushLater: (flush: () => Promise<void>) => void) {
    this.#index = index
    this.#clock = clock
    this.#flushLater = flushLater
  }

  touch(sha: Sha256Hex): void {
    this.#used.set(sha, this.#clock.now())
    this.#timer ??= setTimeout(() => this.#flushLater(() => this.flush()), FLUSH_MS).unref()
  }

  forget(sha: Sha256Hex): void {
    this.#used.delete(sha)
  }

  latest(sha: Sha256Hex, recordedAt: number): number {
    return Math.max(recordedAt, this.#used.get(sha) ?? 0)
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = [...this.#used]
    this.#used.clear()
    for (const [sha, usedAt] of uses) {
      await this.#index.change(sha, row => ({ ...row, usedAt: Math.max(row.usedAt, usedAt) }), { lazily: true })
    }
  }
}
