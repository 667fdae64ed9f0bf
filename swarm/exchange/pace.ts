import type { SchedulerLimits } from './limits.ts'

/** Samples shorter than this say more about timers than about the peer. */
const SAMPLE_MS = 20
const SMOOTHING = 0.3

/** How fast one source delivers and how much to ask of it at a time: its measured bandwidth-delay product. Pure. */
export class Pace {
  /** Null until something was measured. */
  bytesPerSecond: number | null = null
  latencyMs: number | null = null
  windowBytes: number
  readonly #limits: SchedulerLimits
  #since = 0
  #bytes = 0
  #askedAt = 0
  #answered = true

  constructor(limits: SchedulerLimits) {
    this.#limits = limits
    this.windowBytes = limits.startWindowBytes
  }

  /** The first request after a time with none. */
  start(now: number): void {
    this.#since = now
    this.#bytes = 0
    this.#askedAt = now
    this.#answered = false
  }

  arrived(bytes: number, now: number, idleNow: boolean): void {
    if (!this.#answered) {
      this.#answered = true
      const latency = now - this.#askedAt
      this.latencyMs = this.latencyMs === null ? latency : Math.min(latency, this.latencyMs + 0.1 * latency)
    }
    this.#bytes += bytes
    const elapsed = now - this.#since
    if (elapsed >= SAMPLE_MS || idleNow) {
      const rate = (this.#bytes * 1000) / Math.max(elapsed, 1)
      this.bytesPerSecond =
        this.bytesPerSecond === null ? rate : this.bytesPerSecond + SMOOTHING * (rate - this.bytesPerSecond)
      this.#since = now
      this.#bytes = 0
    }
    this.#grow(bytes)
  }

  /** After a stall nothing that was measured holds any more. */
  reset(): void {
    this.bytesPerSecond = null
    this.windowBytes = this.#limits.startWindowBytes
  }

  /** Milliseconds to deliver so much, or null when unknown. */
  msFor(bytes: number): number | null {
    return this.bytesPerSecond === null ? null : (bytes * 1000) / Math.max(this.bytesPerSecond, 1)
  }

  deadlineMs(bytes: number): number {
    const { patience, deadlineFloorMs, deadlineCeilingMs, firstDeadlineMs } = this.#limits
    const expected = this.msFor(bytes)
    if (expected === null) return firstDeadlineMs
    return Math.min(Math.max(patience * expected, deadlineFloorMs), deadlineCeilingMs)
  }

  /** Doubles per window at most, so that a new source is not flooded before it has shown what it can. */
  #grow(bytes: number): void {
    if (this.bytesPerSecond === null) return
    const { windowMs, windowBytes, startWindowBytes } = this.#limits
    const target = (this.bytesPerSecond * Math.max(windowMs, 2 * (this.latencyMs ?? 0))) / 1000
    const goal = Math.min(Math.max(target, startWindowBytes / 4), windowBytes)
    this.windowBytes = Math.min(goal, this.windowBytes + bytes)
  }
}
