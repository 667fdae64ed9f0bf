/** Chunk numbers as bits in 32-bit words, for the scheduler's searches; on the wire they travel as a `Bitfield`. */
export class ChunkSet {
  /** Chunk `i` is bit `i % 32` of word `floor(i / 32)`. */
  readonly words: Uint32Array
  #count = 0

  constructor(length: number) {
    this.words = new Uint32Array((length + 31) >>> 5)
  }

  get count(): number {
    return this.#count
  }

  has(index: number): boolean {
    return (this.words[index >>> 5]! & (1 << (index & 31))) !== 0
  }

  /** The lowest that is not below `from`, or -1. */
  firstFrom(from: number): number {
    for (let word = from >>> 5; word < this.words.length; word++) {
      const bits = this.words[word]! & (word === from >>> 5 ? -1 << (from & 31) : -1)
      if (bits !== 0) return word * 32 + (31 - Math.clz32(bits & -bits))
    }
    return -1
  }

  /** False when it was there already. */
  add(index: number): boolean {
    const bit = 1 << (index & 31)
    if ((this.words[index >>> 5]! & bit) !== 0) return false
    this.words[index >>> 5]! |= bit
    this.#count++
    return true
  }

  /** False when it was not there. */
  delete(index: number): boolean {
    const bit = 1 << (index & 31)
    if ((this.words[index >>> 5]! & bit) === 0) return false
    this.words[index >>> 5]! &= ~bit
    this.#count--
    return true
  }
}

/**
 * Visits chunks that are in both sets, from word `from` on and around, until `visit` answers true.
 * Costs one step for each 32 chunks and one for each hit.
 */
export function visitCommon(a: ChunkSet, b: ChunkSet, from: number, visit: (index: number) => boolean): void {
  const size = a.words.length
  for (let step = 0; step < size; step++) {
    const word = from + step < size ? from + step : from + step - size
    let common = a.words[word]! & b.words[word]!
    while (common !== 0) {
      const low = common & -common
      if (visit(word * 32 + (31 - Math.clz32(low)))) return
      common ^= low
    }
  }
}
