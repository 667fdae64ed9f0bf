import { ChunkError } from './errors.ts'

/*
 * Which of a blob's chunks are held. Encoded: bit i is bit (i mod 8), counted from the lowest, of byte floor(i / 8). The number of
 * bits is not part of the encoding, it is the manifest's chunk count; spare bits of the last byte are zero.
 */

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length)

export class Bitfield {
  readonly length: number
  readonly #bytes: Uint8Array
  #count: number

  /** All zero. */
  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`a bitfield cannot have ${length} bits`)
    this.length = length
    this.#bytes = new Uint8Array(Math.ceil(length / 8))
    this.#count = 0
  }

  static full(length: number): Bitfield {
    const field = new Bitfield(length)
    field.fill()
    return field
  }

  /** Copies bytes that came from outside. @throws ChunkError 'malformed' when they are not exactly `length` bits */
  static decode(bytes: Uint8Array, length: number): Bitfield {
    const expected = Math.ceil(length / 8)
    if (bytes.byteLength !== expected) {
      throw new ChunkError('malformed', `a bitfield of ${length} chunks has ${expected} bytes, not ${bytes.byteLength}`)
    }
    const spare = length % 8
    if (spare !== 0 && bytes[expected - 1]! >>> spare !== 0) {
      throw new ChunkError('malformed', `a bitfield names chunks behind the last of ${length}`)
    }
    const field = new Bitfield(length)
    field.#bytes.set(bytes)
    field.#recount()
    return field
  }

  /** How many bits are set. */
  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.length
  }

  /** False also for an index outside. */
  has(index: number): boolean {
    return index >= 0 && index < this.length && (this.#bytes[index >>> 3]! & (1 << (index & 7))) !== 0
  }

  /** True when the bit changed. @throws RangeError for an index outside */
  set(index: number): boolean {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`chunk ${index} is not one of ${this.length}`)
    }
    if (this.has(index)) return false
    this.#bytes[index >>> 3]! |= 1 << (index & 7)
    this.#count++
    return true
  }

  /** True when the bit changed. */
  unset(index: number): boolean {
    if (!this.has(index)) return false
    this.#bytes[index >>> 3]! &= ~(1 << (index & 7))
    this.#count--
    return true
  }

  fill(): void {
    this.#bytes.fill(0xff)
    const spare = this.length % 8
    if (spare !== 0) this.#bytes[this.#bytes.length - 1] = (1 << spare) - 1
    this.#count = this.length
  }

  clear(): void {
    this.#bytes.fill(0)
    this.#count = 0
  }

  *indexes(): Generator<number, void> {
    for (let index = 0; index < this.length; index++) if (this.has(index)) yield index
  }

  /** A copy; later changes of the field do not show in it. */
  encode(): Uint8Array {
    return this.#bytes.slice()
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.length)
    copy.#bytes.set(this.#bytes)
    copy.#count = this.#count
    return copy
  }

  #recount(): void {
    this.#count = 0
    for (const byte of this.#bytes) this.#count += POPULATION[byte]!
  }
}
