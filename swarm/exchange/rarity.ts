/** Chunks with more holders than this count as equally common. */
const COMMON = 63

/**
 * Chunks that somebody has to be asked for, grouped by how many sources hold each. Every change is O(1); a search looks at
 * the groups in order and at no more than `budget` chunks.
 */
export class Rarity {
  readonly #holders: Uint16Array
  /** Place of a chunk within its group, or -1. */
  readonly #place: Int32Array
  readonly #groups: number[][] = Array.from({ length: COMMON + 1 }, () => [])
  #size = 0

  constructor(chunkCount: number) {
    this.#holders = new Uint16Array(chunkCount)
    this.#place = new Int32Array(chunkCount).fill(-1)
  }

  /** Chunks to ask for, also those that no source holds. */
  get size(): number {
    return this.#size
  }

  /** Chunks to ask for that at least one source holds. */
  get available(): number {
    return this.#size - this.#groups[0]!.length
  }

  holders(chunk: number): number {
    return this.#holders[chunk]!
  }

  has(chunk: number): boolean {
    return this.#place[chunk]! >= 0
  }

  insert(chunk: number): void {
    if (this.#place[chunk]! >= 0) return
    const group = this.#group(chunk)
    this.#place[chunk] = group.length
    group.push(chunk)
    this.#size++
  }

  remove(chunk: number): void {
    const place = this.#place[chunk]!
    if (place < 0) return
    const group = this.#group(chunk)
    const last = group.pop()!
    if (last !== chunk) {
      group[place] = last
      this.#place[last] = place
    }
    this.#place[chunk] = -1
    this.#size--
  }

  /** One source more (+1) or less (-1) holds the chunk. */
  change(chunk: number, by: 1 | -1): void {
    const before = this.#holders[chunk]!
    if (this.#place[chunk]! < 0 || before >= COMMON + (by < 0 ? 1 : 0)) {
      this.#holders[chunk] = before + by
      return
    }
    this.remove(chunk)
    this.#holders[chunk] = before + by
    this.insert(chunk)
  }

  /**
   * The first acceptable chunk from the rarest group (or the most common one) on, from a random place in each group; -1 when
   * none was found within `budget`. `most` leaves out chunks that more sources hold.
   */
  find(
    accept: (chunk: number) => boolean,
    options: { random: () => number; budget: number; most: number; commonFirst: boolean },
  ): number {
    const top = Math.min(options.most, COMMON)
    let budget = options.budget
    for (let step = 1; step <= top; step++) {
      const group = this.#groups[options.commonFirst ? top + 1 - step : step]!
      const size = group.length
      if (size === 0) continue
      let at = Math.floor(options.random() * size)
      for (let i = 0; i < size; i++) {
        if (budget-- === 0) return -1
        const chunk = group[at]!
        if (accept(chunk)) return chunk
        at = at + 1 === size ? 0 : at + 1
      }
    }
    return -1
  }

  #group(chunk: number): number[] {
    return this.#groups[Math.min(this.#holders[chunk]!, COMMON)]!
  }
}
