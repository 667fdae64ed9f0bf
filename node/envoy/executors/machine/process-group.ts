import { setTimeout as sleep } from 'node:timers/promises'

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000
const POLL_MS = 25

/** A program with all that it started and that did not leave its process group. */
export class ProcessGroup {
  readonly #id: number
  #ending: Promise<void> | undefined

  constructor(leader: number) {
    if (leader <= 1) throw new RangeError(`${leader} would signal more than a process group`)
    this.#id = leader
  }

  /** SIGTERM, and five seconds later SIGKILL to what is left. Resolves when nothing is left or has got SIGKILL. May be called again. */
  end(): Promise<void> {
    this.#ending ??= this.#terminate()
    return this.#ending
  }

  /** Resolves at once unless it is being ended. */
  async ended(): Promise<void> {
    await this.#ending
  }

  async #terminate(): Promise<void> {
    const deadline = performance.now() + GRACE_MS
    this.#kill('SIGTERM')
    while (this.#kill(0)) {
      if (performance.now() > deadline) {
        this.#kill('SIGKILL')
        return
      }
      await sleep(POLL_MS)
    }
  }

  /** Whether there was anything to signal. */
  #kill(signal: NodeJS.Signals | 0): boolean {
    try {
      process.kill(-this.#id, signal)
      return true
    } catch {
      return false
    }
  }
}
