import { raceSignal } from '#node/kit'

/**
 * Runs one piece of work at a time. Whoever asks while it runs shares the next run: what the current one has read may be older than
 * the request.
 */
export class Reloads<T> {
  readonly #work: () => Promise<T>
  #running: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(work: () => Promise<T>) {
    this.#work = work
  }

  /** Ends early for its caller only. */
  async run(options: { signal?: AbortSignal | undefined } = {}): Promise<T> {
    const run = this.#join()
    return options.signal === undefined ? await run : await raceSignal(run, options.signal)
  }

  #join(): Promise<T> {
    if (this.#running === undefined) return this.#start()
    const before = this.#running
    this.#next ??= before.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<T> {
    this.#next = undefined
    const run = this.#work().finally(() => {
      if (this.#running === run) this.#running = undefined
    })
    this.#running = run
    return run
  }
}
