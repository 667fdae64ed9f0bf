/** So much work at a time; whoever comes later waits in turn, and when too many wait, or what they hold is too large, nobody else may. */
export class Gate {
  readonly #limits: { readonly running: number; readonly waiting: number; readonly waitingBytes: number }
  readonly #queue: { readonly bytes: number; readonly enter: () => void }[] = []
  #running = 0
  #waitingBytes = 0

  constructor(limits: { running: number; waiting: number; waitingBytes: number }) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Null, at once, when too many wait; `evenIfLong`: as long as there is memory for them. `bytes`: what is held meanwhile. The work must
   * end by itself.
   */
  async run<T>(bytes: number, work: () => Promise<T>, options: { evenIfLong?: boolean } = {}): Promise<T | null> {
    if (!(await this.#enter(bytes, options.evenIfLong === true))) return null
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(bytes: number, evenIfLong: boolean): Promise<boolean> {
    const { running, waiting, waitingBytes } = this.#limits
    if (this.#running < running) {
      this.#running++
      return true
    }
    if (this.#queue.length >= waiting && !evenIfLong) return false
    if (this.#waitingBytes + bytes > waitingBytes) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#queue.push({ bytes, enter: resolve })
    this.#waitingBytes += bytes
    await promise
    return true
  }

  /** The place goes to the next one without being free in between. */
  #leave(): void {
    const next = this.#queue.shift()
    if (next === undefined) {
      this.#running--
      return
    }
    this.#waitingBytes -= next.bytes
    next.enter()
  }
}
