/** Lets waiters sleep until somebody says that the world has changed; they look again themselves. */
export class Turnstile {
  readonly #waiters = new Set<() => void>()

  get isWaitedAt(): boolean {
    return this.#waiters.size > 0
  }

  /** Resolves at the next `release`. @throws the signal's reason when it fires first */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        this.#waiters.delete(wake)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(wake)
    })
  }

  release(): void {
    if (this.#waiters.size === 0) return
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }
}
