import type { PeerId } from '#node/host'
import type { BlobDescriptor } from '#swarm/store'
import type { FetchProgress, FetchReport } from './types.ts'

const RATE_WINDOW_MS = 1_000

/** Counts what a transfer has done, and says so at most every so often. */
export class Progress {
  phase: FetchProgress['phase'] = 'discover'
  waitingFor: string | undefined
  bytesReused = 0
  bytesFetched = 0
  lastByteAt: number
  readonly #blob: BlobDescriptor
  readonly #startedAt: number
  readonly #sources: Record<PeerId, number> = {}
  #rate = 0
  #since: number
  #recent = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(blob: BlobDescriptor, now: number) {
    this.#blob = blob
    this.#startedAt = now
    this.#since = now
    this.lastByteAt = now
  }

  get bytesLeft(): number {
    return Math.max(0, this.#blob.sizeBytes - this.bytesReused - this.bytesFetched)
  }

  arrived(bytes: number, now: number): void {
    this.lastByteAt = now
    this.#recent += bytes
  }

  verified(peer: PeerId, bytes: number): void {
    this.bytesFetched += bytes
    this.#sources[peer] = (this.#sources[peer] ?? 0) + bytes
  }

  isDue(now: number, everyMs: number): boolean {
    if (now - this.#toldAt < everyMs) return false
    this.#toldAt = now
    return true
  }

  view(now: number): FetchProgress {
    const bytesPerSecond = this.#ratePerSecond(now)
    const { bytesLeft, waitingFor } = this
    return {
      blob: this.#blob,
      phase: this.phase,
      bytesTotal: this.#blob.sizeBytes,
      bytesReused: this.bytesReused,
      bytesFetched: this.bytesFetched,
      bytesPerSecond,
      secondsLeft: bytesLeft === 0 ? 0 : bytesPerSecond > 0 ? bytesLeft / bytesPerSecond : null,
      sources: { ...this.#sources },
      ...(waitingFor === undefined ? {} : { waitingFor }),
    }
  }

  report(now: number): FetchReport {
    const { bytesFetched, bytesReused } = this
    return { bytesFetched, bytesReused, durationMs: now - this.#startedAt, sources: { ...this.#sources } }
  }

  #ratePerSecond(now: number): number {
    const elapsed = now - this.#since
    if (elapsed >= RATE_WINDOW_MS) {
      const rate = (this.#recent * 1000) / elapsed
      this.#rate = this.#rate === 0 ? rate : (this.#rate + rate) / 2
      this.#since = now
      this.#recent = 0
    } else if (this.#rate === 0 && elapsed > 0) return (this.#recent * 1000) / elapsed
    return this.#rate
  }
}
