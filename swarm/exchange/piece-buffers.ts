import { MAX_PAYLOAD } from './codec.ts'

/** Smaller pieces are for slow askers; they cost too little to keep memory for. */
const SMALLEST = 32 * 1024
const MAX_FREE_BYTES = 8 * MAX_PAYLOAD

/**
 * Memory for pieces, used again once the network has taken them; buffers are as long as the powers of two. With fresh memory for
 * each piece the garbage collector ran sixty times for every GiB that was served, which cost more than reading, encrypting and
 * sending it.
 */
export class PieceBuffers {
  readonly #own = new WeakSet<ArrayBufferLike>()
  readonly #free = new Map<number, ArrayBufferLike[]>()
  #freeBytes = 0
  #keeps = false

  readonly take = (length: number): Uint8Array => {
    if (length < SMALLEST || length > MAX_PAYLOAD) return Buffer.allocUnsafeSlow(length)
    this.#keeps = true
    const size = 2 ** Math.ceil(Math.log2(length))
    const free = this.#free.get(size)?.pop()
    if (free !== undefined) this.#freeBytes -= size
    return new Uint8Array(free ?? this.#create(size), 0, length)
  }

  owns(bytes: Uint8Array): boolean {
    return this.#own.has(bytes.buffer)
  }

  /** Nobody reads or writes the bytes any more; call it once for what was taken. What was not taken here is left alone. */
  giveBack(bytes: Uint8Array): void {
    const size = bytes.buffer.byteLength
    if (!this.#keeps || !this.owns(bytes) || this.#freeBytes + size > MAX_FREE_BYTES) return
    const free = this.#free.get(size) ?? []
    this.#free.set(size, free)
    free.push(bytes.buffer)
    this.#freeBytes += size
  }

  /** Until the next `take` nothing is kept. */
  clear(): void {
    this.#keeps = false
    this.#free.clear()
    this.#freeBytes = 0
  }

  #create(size: number): ArrayBufferLike {
    const { buffer } = Buffer.allocUnsafeSlow(size)
    this.#own.add(buffer)
    return buffer
  }
}
