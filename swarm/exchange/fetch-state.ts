import type { PeerId } from '#node/host'
import type { Random } from '#node/kit'
import type { Bitfield } from '#swarm/chunk'
import { ChunkSet } from './chunk-set.ts'
import type { SchedulerLimits } from './limits.ts'
import { Pace } from './pace.ts'
import { Rarity } from './rarity.ts'
import type { Source } from './source.ts'
import { UnderWay } from './under-way.ts'

/** What is known of one blob that is being fetched. The scheduler changes it with every event; a choice only reads it. */
export class FetchState {
  readonly lengths: ArrayLike<number>
  readonly limits: SchedulerLimits
  readonly random: Random
  /** Not here, and asked of nobody. */
  readonly needed: ChunkSet
  /** Of the needed ones. */
  readonly rarity: Rarity
  readonly sources = new Map<PeerId, Source>()
  readonly underWay: UnderWay
  /** Of all sources together. */
  readonly pace: Pace
  completeSources = 0
  heldCount = 0
  bytesMissing = 0
  /** Bytes per second of the fastest source. */
  fastest = 0
  /** No needed chunk comes before it. */
  cursor = 0

  constructor(lengths: ArrayLike<number>, options: { limits: SchedulerLimits; random: Random; now: number }) {
    this.lengths = lengths
    this.limits = options.limits
    this.random = options.random
    this.needed = new ChunkSet(lengths.length)
    this.rarity = new Rarity(lengths.length)
    this.underWay = new UnderWay(options.now)
    this.pace = new Pace(options.limits)
    for (let i = 0; i < lengths.length; i++) this.bytesMissing += lengths[i]!
  }

  /** All that the source holds; what it said before stays true. */
  learnAll(source: Source, bits: Bitfield | 'complete'): void {
    const wasComplete = source.complete
    for (const chunk of source.learn(bits)) this.rarity.change(chunk, 1)
    if (source.complete && !wasComplete) this.completeSources++
  }

  /** The source holds one chunk more. False when that was known. */
  learn(source: Source, chunk: number): boolean {
    if (!source.held.add(chunk)) return false
    this.rarity.change(chunk, 1)
    if (source.held.count === source.chunkCount) {
      source.complete = true
      this.completeSources++
    }
    return true
  }

  /** The source does not hold the chunk after all. */
  unlearn(source: Source, chunk: number): void {
    if (!source.held.delete(chunk)) return
    if (source.complete) this.completeSources--
    source.complete = false
    this.rarity.change(chunk, -1)
  }

  removeSource(source: Source): void {
    this.sources.delete(source.peer)
    if (source.complete) this.completeSources--
    for (let chunk = 0; chunk < this.lengths.length; chunk++) {
      if (source.held.has(chunk)) this.rarity.change(chunk, -1)
    }
  }

  /** Nothing has been under way for a while: what stands in the way of asking is overruled. */
  isIdle(now: number): boolean {
    const { outstanding, writing, idleSince } = this.underWay
    return outstanding === 0 && writing === 0 && now - idleSince >= this.limits.forceAfterMs
  }
}
