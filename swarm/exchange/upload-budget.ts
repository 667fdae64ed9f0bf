/** Bytes read for askers and not yet taken by the network. Askers wait in order; replicas after all others. */
export class UploadBudget {
  #free: number
  readonly #capacity: number
  readonly #pulls: Waiter[] = []
  readonly #replicas: Waiter[] = []

  constructor(capacityBytes: number) {
    this.#capacity = capacityBytes
    this.#free = capacityBytes
  }

  /** `start` runs, now or later, once the bytes are free; give them back with `release`. Answers how to give up waiting. */
  take(bytes: number, replica: boolean, start: () => void): () => void {
    const waiter = { bytes: Math.min(bytes, this.#capacity), start }
    const line = replica ? this.#replicas : this.#pulls
    line.push(waiter)
    this.#admit()
    return () => {
      const at = line.indexOf(waiter)
      if (at >= 0) line.splice(at, 1)
    }
  }

  release(bytes: number): void {
    this.#free += Math.min(bytes, this.#capacity)
    this.#admit()
  }

  #admit(): void {
    for (;;) {
      const line = this.#pulls.length > 0 ? this.#pulls : this.#replicas
      const first = line[0]
      if (!first || first.bytes > this.#free) return
      line.shift()
      this.#free -= first.bytes
      first.start()
    }
  }
}

interface Waiter {
  readonly bytes: number
  readonly start: () => void
}
