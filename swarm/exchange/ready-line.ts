import type { Random } from '#node/kit'
import type { Source } from './source.ts'

/** Sources compared before one is asked. */
const CHOICES = 5

/** Sources that may have room for a request and something to be asked for. */
export class ReadyLine {
  readonly #random: Random
  readonly #sources: Source[] = []

  constructor(random: Random) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0
  }

  add(source: Source): void {
    if (source.ready) return
    source.ready = true
    this.#sources.push(source)
  }

  /**
   * Removes the best of a few: the one that would answer soonest; a source without a rate counts as one that takes `unknownMs`.
   * The best of all would send every member to the same one; any one would let the busiest hold most of what may be under way.
   */
  take(length: number, unknownMs: number): Source {
    const line = this.#sources
    let best = 0
    let bestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < CHOICES; i++) {
      const at = Math.floor(this.#random() * line.length)
      const source = line[at]!
      const ms = source.pace.msFor(source.outstanding + length) ?? unknownMs
      if (ms >= bestMs) continue
      best = at
      bestMs = ms
    }
    const source = line[best]!
    const last = line.pop()!
    if (last !== source) line[best] = last
    source.ready = false
    return source
  }
}
