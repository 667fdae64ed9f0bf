import { MAX_PAYLOAD } from './codec.ts'

/** Smaller pieces are for slow askers; a whole buffer for each would be a waste. */
const SMALLEST = MAX_PAYLOAD / 4
const MAX_FREE = 8

/**
 * Memory for pieces, used again once the network has taken them. With fresh memory for each piece the garbage collector ran
 * sixty times for every GiB that was served, which cost more than reading, encrypting and sending it.
 */
export class PieceBuffers {
  readonly #own = new WeakSet<ArrayBufferLike>()
  readonly #free = new Set<ArrayBufferLike>()
  #keeps = false

  readonly take = (length: number): Uint8Array => {
    if (length < SMALLEST || length > MAX_PAYLOAD) return Buffer.allocUnsafeSlow(length)
    this.#keeps = true
    const { value: buffer = this.#create() } = this.#free.values().next()
    this.#free.delete(buffer)
    return new Uint8Array(buffer, 0, length)
  }

  owns(bytes: Uint8Array): boolean {
    return this.#own.has(bytes.buffer)
  }

  /** Nobody reads or writes the bytes any more. What was not taken here is left alone. */
  giveBack(bytes: Uint8Array): void {
    if (this.#keeps && this.owns(bytes) && this.#free.size < MAX_FREE) this.#free.add(bytes.buffer)
  }

  /** Until the next `take` nothing is kept. */
  clear(): void {
    this.#keeps = false
    this.#free.clear()
  }

  #create(): ArrayBufferLike {
    const { buffer } = Buffer.allocUnsafeSlow(MAX_PAYLOAD)
    this.#own.add(buffer)
    return buffer
  }
}
