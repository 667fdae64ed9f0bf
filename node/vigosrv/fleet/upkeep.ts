import { type Logger, messageOf, TaskGroup } from '#node/kit'

/** Work that comes back at intervals; a round that takes longer than its interval is not joined by another one. */
export class Upkeep {
  readonly #timers: NodeJS.Timeout[] = []
  readonly #tasks: TaskGroup

  constructor(logger: Logger) {
    this.#tasks = new TaskGroup(error => logger.warn('fleet-upkeep-failed', { reason: messageOf(error) }))
  }

  every(intervalMs: number, work: () => Promise<void> | void): void {
    let isRunning = false
    const round = async (): Promise<void> => {
      isRunning = true
      try {
        await work()
      } finally {
        isRunning = false
      }
    }
    this.#timers.push(
      setInterval(() => {
        if (!isRunning) this.#tasks.run(round)
      }, intervalMs),
    )
  }

  /** Once, in the background; closing waits for it. */
  run(work: () => Promise<void>): void {
    this.#tasks.run(work)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#tasks.settled()
  }
}
