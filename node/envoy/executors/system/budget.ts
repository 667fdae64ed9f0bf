import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline, DeadlineError } from '#node/kit'
import { ExecutorError } from '../errors.ts'

/** What is left of a resource's `timeout`, over all that one check or apply does. */
export class Budget {
  readonly seconds: number
  readonly signal: AbortSignal
  /** Unix milliseconds, for what was logged since. */
  readonly startedAt = Date.now()
  readonly #until: number

  constructor(seconds: number, signal: AbortSignal) {
    this.seconds = seconds
    this.signal = signal
    this.#until = performance.now() + seconds * 1000
  }

  /** At least a millisecond, since a timer of nothing would mean something else. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#until - performance.now()))
  }

  get isUsedUp(): boolean {
    return performance.now() >= this.#until
  }

  /** Waits at most `durationMs`, and no longer than there is time. */
  async pause(durationMs: number): Promise<void> {
    await sleep(Math.min(durationMs, this.leftMs), undefined, { signal: this.signal })
  }

  /** Runs work that ends when the time is over. @throws ExecutorError 'blocked' then; `what` begins its sentence */
  async within<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using deadline = new Deadline(this.leftMs, what, this.signal)
    try {
      return await work(deadline.signal)
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      throw new ExecutorError(
        'blocked',
        `${what} took longer than ${this.seconds} s; raise 'timeout' if it needs longer`,
      )
    }
  }
}
