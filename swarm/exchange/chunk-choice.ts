import { visitCommon } from './chunk-set.ts'
import type { FetchState } from './fetch-state.ts'
import type { ChunkRequest, Source } from './source.ts'

/** Chunks a search by rarity looks at before it takes the rarest of a few that the source has. */
const SEARCH_BUDGET = 48
const SAMPLE = 16
/** A source this much slower than the fastest leaves rare chunks to others. */
const SLOW_SHARE = 1 / 4
/** Sources without a rate may hold this part of a transfer's bytes, so that mute ones never hold up the others. */
const UNPROVEN_SHARE = 3
const PROBE_EVERY_MS = 250
/** With so many complete sources none of them needs to be spared. */
const PLENTY = 3

/**
 * Which chunk a source is asked for next. Rarest chunk first (a common one at the very start, to have something to give; in order
 * where nobody else is there); a slow source gets common chunks, and none that it would finish after the rest is done; the last
 * chunks are asked of two sources; a source that seeds to several is asked for what nobody else holds.
 */
export class ChunkChoice {
  readonly #state: FetchState

  constructor(state: FetchState) {
    this.#state = state
  }

  /** Null when the source has enough to do, or nothing that is wanted of it now. */
  next(source: Source, now: number): { readonly chunk: number; readonly duplicate: boolean } | null {
    if (source.outstanding >= source.pace.windowBytes && source.requests.size > 1) return null
    if (source.pace.bytesPerSecond === null && !this.#mayProbe(now)) return null
    const duplicate = this.#state.rarity.available === 0
    const chunk = duplicate ? this.#pickDuplicate(source, now) : this.#pick(source, now)
    return chunk >= 0 ? { chunk, duplicate } : null
  }

  #pick(source: Source, now: number): number {
    const forcing = this.#state.isIdle(now)
    const accept = (chunk: number): boolean => {
      if (!source.has(chunk)) return false
      const until = source.declined.get(chunk)
      return (until === undefined || until <= now || forcing) && source.hasRoom(this.#state.lengths[chunk]!)
    }
    if (this.#alone(source)) {
      const chunk = this.#state.needed.firstFrom(this.#state.cursor)
      if (chunk >= 0) this.#state.cursor = chunk
      return chunk >= 0 && accept(chunk) ? chunk : -1
    }
    const slow = this.#isSlow(source)
    let most = Number.POSITIVE_INFINITY
    if (slow && this.#wouldBeLate(source)) most = 1
    if (this.#spared(source)) most = Math.min(most, this.#state.completeSources)
    const first = this.#state.heldCount === 0 && this.#state.underWay.outstanding === 0 && source.complete === false
    const search = { random: this.#state.random, budget: SEARCH_BUDGET, most, commonFirst: slow || first }
    const chunk = this.#state.rarity.find(accept, search)
    return chunk >= 0 ? chunk : this.#rarestOfSome(source, accept, most)
  }

  #rarestOfSome(source: Source, accept: (chunk: number) => boolean, most: number): number {
    if (this.#state.rarity.available <= SEARCH_BUDGET) return -1
    let best = -1
    let seen = 0
    const from = Math.floor(this.#state.random() * source.held.words.length)
    visitCommon(this.#state.needed, source.held, from, chunk => {
      const holders = this.#state.rarity.holders(chunk)
      if (holders > most || !accept(chunk)) return ++seen >= 8 * SAMPLE
      if (best < 0 || holders < this.#state.rarity.holders(best)) best = chunk
      seen += 8
      return seen >= 8 * SAMPLE
    })
    return best
  }

  /**
   * Of the chunks under way, the one that will be here last and that this source would bring clearly sooner. Copies that were
   * asked of sources without a rate do not keep a source with one from a chunk.
   */
  #pickDuplicate(source: Source, now: number): number {
    const proven = source.pace.bytesPerSecond !== null
    let best = -1
    let latestMs = 0
    for (const [chunk, requests] of this.#state.underWay.chunks()) {
      const counted = proven ? requests.filter(({ unproven }) => !unproven).length : requests.length
      if (counted >= this.#state.limits.endgameCopies || !source.has(chunk)) continue
      if (requests.some(request => request.peer === source.peer)) continue
      if ((source.declined.get(chunk) ?? 0) > now && !this.#state.isIdle(now)) continue
      const length = this.#state.lengths[chunk]!
      if (!source.hasRoom(length)) continue
      const lateMs = this.#expectedMs(requests[0]!, now)
      const hereMs = source.pace.msFor(source.outstanding + length) ?? 0
      if (lateMs > latestMs && hereMs * 2 < lateMs) {
        best = chunk
        latestMs = lateMs
      }
    }
    return best
  }

  /** Until the request is answered, counted from now; grows with the time it has already taken. */
  #expectedMs(request: ChunkRequest, now: number): number {
    const source = this.#state.sources.get(request.peer)
    const waitedMs = now - request.sentAt
    const restMs = source?.pace.msFor(source.outstanding) ?? waitedMs
    const promisedMs = waitedMs > 1000 ? waitedMs : 0
    return Math.max(restMs, promisedMs)
  }

  /** While others keep this transfer busy, a source that seeds to several is asked only for what nobody else has. */
  #spared(source: Source): boolean {
    if (!source.complete || !source.several || this.#state.completeSources >= PLENTY) return false
    if (this.#state.completeSources === this.#state.sources.size) return false
    return this.#state.underWay.outstanding - source.outstanding >= this.#state.limits.busyBytes
  }

  /** Nobody else spreads or brings the blob, so order costs nothing, and the disk and the blob's hash like it. */
  #alone(source: Source): boolean {
    return source.complete && !source.several && this.#state.sources.size === 1 && source.declined.size === 0
  }

  /** Sources without a rate share a part of what may be under way; beyond it one more is tried now and then. */
  #mayProbe(now: number): boolean {
    return (
      this.#state.underWay.unproven < this.#state.limits.transferBytes / UNPROVEN_SHARE ||
      now - this.#state.underWay.probedAt >= PROBE_EVERY_MS
    )
  }

  #isSlow(source: Source): boolean {
    const rate = source.pace.bytesPerSecond
    return rate !== null && rate < this.#state.fastest * SLOW_SHARE
  }

  #wouldBeLate(source: Source): boolean {
    const mineMs = source.pace.msFor(source.outstanding + this.#state.lengths[0]!) ?? 0
    const restMs =
      (this.#state.bytesMissing * 1000) / Math.max(this.#state.fastest, this.#state.pace.bytesPerSecond ?? 0, 1)
    return mineMs > Math.max(1000, 1.5 * restMs)
  }
}
