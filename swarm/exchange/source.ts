import type { PeerId } from '#node/host'
import type { Bitfield } from '#swarm/chunk'
import { ChunkSet } from './chunk-set.ts'
import type { SchedulerLimits } from './limits.ts'
import { Pace } from './pace.ts'

/** One chunk asked of one source. `id` is unique within the scheduler. */
export interface ChunkRequest {
  readonly id: number
  readonly peer: PeerId
  readonly chunk: number
  readonly length: number
  /** Overrules a seed's decline. */
  readonly force: boolean
  /** A second copy of a chunk that another source is already delivering. */
  readonly duplicate: boolean
  /** Sent to a source that has not shown a rate, or not since it stalled. */
  readonly unproven: boolean
  sentAt: number
  received: number
  deadlineAt: number
  /** Of the source, when the deadline was set. */
  mark: number
}

/** What the scheduler knows of one peer for one blob. */
export class Source {
  readonly peer: PeerId
  readonly held: ChunkSet
  readonly pace: Pace
  /** In the order asked, which is the order answered. */
  readonly requests = new Map<number, ChunkRequest>()
  /** Chunks it would not give, and until when. */
  readonly declined = new Map<number, number>()
  complete = false
  /** It seeds to several askers at once. */
  several = false
  ready = false
  outstanding = 0
  deliveredBytes = 0
  asideUntil = 0
  /** Stalls since its last byte. */
  stalls = 0
  readonly chunkCount: number

  constructor(peer: PeerId, chunkCount: number, limits: SchedulerLimits) {
    this.peer = peer
    this.chunkCount = chunkCount
    this.held = new ChunkSet(chunkCount)
    this.pace = new Pace(limits)
  }

  has(chunk: number): boolean {
    return this.complete || this.held.has(chunk)
  }

  /** Chunks that are news. */
  *learn(bits: Bitfield | 'complete'): IterableIterator<number> {
    const all = bits === 'complete'
    for (let chunk = 0; chunk < this.chunkCount; chunk++) {
      if ((all || bits.has(chunk)) && this.held.add(chunk)) yield chunk
    }
    this.complete = this.held.count === this.chunkCount
  }

  hasRoom(length: number): boolean {
    if (this.outstanding === 0 || this.outstanding + length <= this.pace.windowBytes) return true
    const oneMs = this.pace.msFor(length)
    return this.requests.size < 2 && oneMs !== null && oneMs < 500
  }

  isAside(now: number): boolean {
    return this.asideUntil > now
  }
}
