import type { PeerId } from '#node/host'
import type { Random } from '#node/kit'
import type { Bitfield } from '#swarm/chunk'
import { ChunkSet, visitCommon } from './chunk-set.ts'
import type { SchedulerLimits } from './limits.ts'
import { Pace } from './pace.ts'
import { Rarity } from './rarity.ts'
import { ReadyLine } from './ready-line.ts'
import { type ChunkRequest, Source } from './source.ts'
import { UnderWay } from './under-way.ts'

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

type ChunkState = 'unknown' | 'needed' | 'asked' | 'arrived' | 'held'
const STATES: readonly ChunkState[] = ['unknown', 'needed', 'asked', 'arrived', 'held']
const UNKNOWN = 0
const NEEDED = 1
const ASKED = 2
const ARRIVED = 3
const HELD = 4

export interface Stall {
  readonly peer: PeerId
  readonly asideMs: number
  /** No longer expected; their chunks are asked of others. */
  readonly requests: readonly ChunkRequest[]
}

/**
 * Decides which chunk of one blob is asked of which source, and when to give up on an answer. Pure: no I/O, time and
 * randomness are passed in; the caller reports events and sends what `next` answers.
 *
 * Rarest chunk first (a common one at the very start, to have something to give; in order where nobody else is there); each source has a window in bytes that follows its measured
 * rate; a slow source gets common chunks, and none that it would finish after the rest is done; the last chunks are asked of two sources.
 * A source that seeds to several is asked for what nobody else holds. Every event costs O(1), except a source that is added,
 * removed or set aside (its chunks or requests) and a search among rare hits (one step for each 32 chunks).
 */
export class Scheduler {
  readonly #lengths: ArrayLike<number>
  readonly #random: Random
  readonly #limits: SchedulerLimits
  readonly #state: Uint8Array
  readonly #needed: ChunkSet
  readonly #rarity: Rarity
  readonly #sources = new Map<PeerId, Source>()
  readonly #ready: ReadyLine
  readonly #underWay: UnderWay
  /** Of all sources together. */
  readonly #pace: Pace
  #nextId = 1
  #completeSources = 0
  #heldCount = 0
  #bytesMissing = 0
  #fastest = 0
  /** No needed chunk comes before it. */
  #cursor = 0

  constructor(lengths: ArrayLike<number>, options: { limits: SchedulerLimits; random: Random; now: number }) {
    this.#lengths = lengths
    this.#random = options.random
    this.#limits = options.limits
    this.#state = new Uint8Array(lengths.length)
    this.#needed = new ChunkSet(lengths.length)
    this.#rarity = new Rarity(lengths.length)
    this.#underWay = new UnderWay(options.now)
    this.#ready = new ReadyLine(options.random)
    this.#pace = new Pace(options.limits)
    for (let i = 0; i < lengths.length; i++) this.#bytesMissing += lengths[i]!
  }

  get done(): boolean {
    return this.#heldCount === this.#lengths.length
  }

  get heldCount(): number {
    return this.#heldCount
  }

  get bytesMissing(): number {
    return this.#bytesMissing
  }

  /** Asked for and not here, plus here and not yet verified. */
  get bytesUnderWay(): number {
    return this.#underWay.bytes
  }

  /** Chunks that nobody was asked for and no source holds. */
  get unavailable(): number {
    return this.#rarity.size - this.#rarity.available
  }

  stateOf(chunk: number): ChunkState {
    return STATES[this.#state[chunk]!]!
  }

  sources(): IterableIterator<Source> {
    return this.#sources.values()
  }

  source(peer: PeerId): Source | undefined {
    return this.#sources.get(peer)
  }

  /** The chunk is not here and no local copy exists: it may be asked for from now on. */
  need(chunk: number): void {
    if (this.#state[chunk] !== UNKNOWN) return
    this.#require(chunk)
  }

  /**
   * The chunk is here and verified, whoever it came from. Answers requests for it that are still open; the caller cancels them.
   */
  held(chunk: number, now: number): ChunkRequest[] {
    const before = this.#state[chunk]!
    if (before === HELD) return []
    if (before === NEEDED) this.#unrequire(chunk)
    if (before === ARRIVED) this.#underWay.writing -= this.#lengths[chunk]!
    this.#state[chunk] = HELD
    this.#heldCount++
    this.#bytesMissing -= this.#lengths[chunk]!
    const open = this.#underWay.takeAll(chunk)
    for (const request of open) this.#forget(request, now)
    return open
  }

  addSource(peer: PeerId): void {
    if (this.#sources.has(peer)) return
    this.#sources.set(peer, new Source(peer, this.#lengths.length, this.#limits))
  }

  /** Answers its open requests, whose chunks are asked of others from now on. */
  removeSource(peer: PeerId, now: number): ChunkRequest[] {
    const source = this.#sources.get(peer)
    if (!source) return []
    const open = this.#drop(source, now)
    this.#sources.delete(peer)
    if (source.complete) this.#completeSources--
    for (let chunk = 0; chunk < this.#lengths.length; chunk++) {
      if (source.held.has(chunk)) this.#rarity.change(chunk, -1)
    }
    return open
  }

  /** All that the source holds; what it said before stays true. */
  setHave(peer: PeerId, bits: Bitfield | 'complete', several: boolean): void {
    const source = this.#sources.get(peer)
    if (!source) return
    source.several = several
    const wasComplete = source.complete
    for (const chunk of source.learn(bits)) this.#rarity.change(chunk, 1)
    if (source.complete && !wasComplete) this.#completeSources++
    this.#ready.add(source)
  }

  /** One chunk more. False for an index that the blob does not have. */
  addHave(peer: PeerId, chunk: number): boolean {
    if (chunk >= this.#lengths.length) return false
    const source = this.#sources.get(peer)
    if (!source?.held.add(chunk)) return true
    this.#rarity.change(chunk, 1)
    if (source.held.count === source.chunkCount) {
      source.complete = true
      this.#completeSources++
    }
    if (this.#state[chunk] === NEEDED) this.#ready.add(source)
    return true
  }

  /** The next request to send, or null until another event. */
  next(now: number): ChunkRequest | null {
    while (!this.#ready.isEmpty) {
      if (this.bytesUnderWay >= this.#limits.transferBytes) return null
      if (this.bytesUnderWay - this.#underWay.unproven >= this.#allowance()) return null
      const source = this.#ready.take(this.#lengths[0]!, (this.#lengths[0]! * 1000) / Math.max(this.#fastest, 1))
      if (this.#sources.get(source.peer) !== source || source.isAside(now)) continue
      const request = this.#ask(source, now)
      if (!request) continue
      this.#ready.add(source)
      return request
    }
    return null
  }

  /** The request waits for a buffer here, so that its deadline does not run, until `sent`. */
  waits(request: ChunkRequest): void {
    request.deadlineAt = Number.POSITIVE_INFINITY
  }

  /** It could be sent after all. False when it is no longer wanted. */
  sent(request: ChunkRequest, now: number): boolean {
    const source = this.#sources.get(request.peer)
    if (source?.requests.get(request.id) !== request) return false
    if (source.requests.size === 1) source.pace.start(now)
    request.sentAt = now
    request.mark = source.deliveredBytes
    request.deadlineAt = now + this.#deadlineMs(source)
    return true
  }

  /** Part of an answer. */
  arrived(request: ChunkRequest, bytes: number, now: number): void {
    const source = this.#sources.get(request.peer)
    request.received += bytes
    this.#underWay.lessen(request, bytes, now)
    if (!source) return
    this.#pace.arrived(bytes, now, this.#underWay.outstanding === 0)
    source.outstanding -= bytes
    source.deliveredBytes += bytes
    source.stalls = 0
    source.pace.arrived(bytes, now, source.outstanding === 0)
    this.#fastest = Math.max(this.#fastest * 0.999, source.pace.bytesPerSecond ?? 0)
    if (request.received === request.length) {
      source.requests.delete(request.id)
      this.#underWay.settle(request)
      if (this.#state[request.chunk] === ASKED) {
        this.#state[request.chunk] = ARRIVED
        this.#underWay.writing += request.length
      }
    }
    this.#ready.add(source)
  }

  /** The bytes that arrived were not the chunk's or could not be kept; it is asked for again. */
  failed(chunk: number): void {
    if (this.#state[chunk] !== ARRIVED) return
    this.#underWay.writing -= this.#lengths[chunk]!
    if (this.#underWay.has(chunk)) this.#state[chunk] = ASKED
    else this.#require(chunk)
  }

  /** The source will not answer this one, for now. `notHeld` takes back that it has the chunk. */
  declined(request: ChunkRequest, retryAfterMs: number, now: number, options: { notHeld?: boolean } = {}): void {
    const source = this.#sources.get(request.peer)
    this.#forget(request, now)
    this.#underWay.settle(request)
    if (!source) return
    if (options.notHeld && source.held.delete(request.chunk)) {
      if (source.complete) this.#completeSources--
      source.complete = false
      this.#rarity.change(request.chunk, -1)
    }
    source.declined.set(request.chunk, now + Math.min(Math.max(retryAfterMs, 20), 10_000))
    this.#requeue(request.chunk)
    this.#ready.add(source)
  }

  /** The request could not be sent after all; nothing is held against the source. */
  withdrawn(request: ChunkRequest, now: number): void {
    this.#forget(request, now)
    this.#underWay.settle(request)
    this.#requeue(request.chunk)
  }

  /** The source rests for a while: `busy` at its own wish, otherwise because it stalled. */
  setAside(peer: PeerId, now: number, busyMs?: number): Stall | null {
    const source = this.#sources.get(peer)
    if (!source) return null
    if (busyMs === undefined) source.stalls++
    const { asideMs, asideCeilingMs } = this.#limits
    const restMs = busyMs ?? Math.min(asideMs * 2 ** (source.stalls - 1), asideCeilingMs)
    source.asideUntil = now + restMs
    source.pace.reset()
    return { peer, asideMs: restMs, requests: this.#drop(source, now) }
  }

  /** Call it every 100 ms or so: finds overdue requests, and lets sources be looked at again. Costs O(sources). */
  tick(now: number): Stall[] {
    const stalls: Stall[] = []
    for (const source of this.#sources.values()) {
      const oldest: ChunkRequest | undefined = source.requests.values().next().value
      if (oldest && oldest.deadlineAt <= now && !this.#crawls(source, oldest, now)) {
        const stall = this.setAside(source.peer, now)
        if (stall) stalls.push(stall)
      }
      this.#ready.add(source)
    }
    return stalls
  }

  /** A source that delivers all the time, though slowly, or its share of a slow link here, is given another deadline. */
  #crawls(source: Source, oldest: ChunkRequest, now: number): boolean {
    const deadlineMs = this.#deadlineMs(source)
    const bytes = source.deliveredBytes - oldest.mark
    let asked = 0
    for (const other of this.#sources.values()) if (other.outstanding > 0) asked++
    const share = (this.#pace.bytesPerSecond ?? 0) / (4 * asked)
    const enough = Math.max(Math.min(this.#limits.crawlBytesPerSecond, share), 1)
    if ((bytes * 1000) / Math.max(now - oldest.sentAt, 1) < enough) return false
    oldest.deadlineAt = now + deadlineMs
    return true
  }

  #ask(source: Source, now: number): ChunkRequest | null {
    if (source.outstanding >= source.pace.windowBytes && source.requests.size > 1) return null
    if (source.pace.bytesPerSecond === null && !this.#mayProbe(now)) return null
    if (this.#rarity.available > 0) {
      const chunk = this.#pick(source, now)
      if (chunk >= 0) return this.#send(source, chunk, now, false)
      return null
    }
    const chunk = this.#pickDuplicate(source, now)
    return chunk >= 0 ? this.#send(source, chunk, now, true) : null
  }

  #pick(source: Source, now: number): number {
    const forcing = this.#idle(now)
    const accept = (chunk: number): boolean => {
      if (!source.has(chunk)) return false
      const until = source.declined.get(chunk)
      return (until === undefined || until <= now || forcing) && source.hasRoom(this.#lengths[chunk]!)
    }
    if (this.#alone(source)) {
      const chunk = this.#needed.firstFrom(this.#cursor)
      if (chunk >= 0) this.#cursor = chunk
      return chunk >= 0 && accept(chunk) ? chunk : -1
    }
    const slow = this.#isSlow(source)
    let most = Number.POSITIVE_INFINITY
    if (slow && this.#wouldBeLate(source)) most = 1
    if (this.#spared(source)) most = Math.min(most, this.#completeSources)
    const first = this.#heldCount === 0 && this.#underWay.outstanding === 0 && source.complete === false
    const search = { random: this.#random, budget: SEARCH_BUDGET, most, commonFirst: slow || first }
    const chunk = this.#rarity.find(accept, search)
    return chunk >= 0 ? chunk : this.#rarestOfSome(source, accept, most)
  }

  #rarestOfSome(source: Source, accept: (chunk: number) => boolean, most: number): number {
    if (this.#rarity.available <= SEARCH_BUDGET) return -1
    let best = -1
    let seen = 0
    const from = Math.floor(this.#random() * source.held.words.length)
    visitCommon(this.#needed, source.held, from, chunk => {
      const holders = this.#rarity.holders(chunk)
      if (holders > most || !accept(chunk)) return ++seen >= 8 * SAMPLE
      if (best < 0 || holders < this.#rarity.holders(best)) best = chunk
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
    for (const [chunk, requests] of this.#underWay.chunks()) {
      const counted = proven ? requests.filter(({ unproven }) => !unproven).length : requests.length
      if (counted >= this.#limits.endgameCopies || !source.has(chunk)) continue
      if (requests.some(request => request.peer === source.peer)) continue
      if ((source.declined.get(chunk) ?? 0) > now && !this.#idle(now)) continue
      const length = this.#lengths[chunk]!
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
    const source = this.#sources.get(request.peer)
    const waitedMs = now - request.sentAt
    const restMs = source?.pace.msFor(source.outstanding) ?? waitedMs
    const promisedMs = waitedMs > 1000 ? waitedMs : 0
    return Math.max(restMs, promisedMs)
  }

  #send(source: Source, chunk: number, now: number, duplicate: boolean): ChunkRequest {
    const length = this.#lengths[chunk]!
    if (source.outstanding === 0) source.pace.start(now)
    source.outstanding += length
    if (this.#underWay.outstanding === 0) this.#pace.start(now)
    const request: ChunkRequest = {
      id: this.#nextId++,
      peer: source.peer,
      chunk,
      length,
      force: source.declined.has(chunk),
      duplicate,
      unproven: source.pace.bytesPerSecond === null,
      sentAt: now,
      received: 0,
      deadlineAt: now + this.#deadlineMs(source),
      mark: source.deliveredBytes,
    }
    source.requests.set(request.id, request)
    this.#underWay.add(request)
    if (!duplicate) {
      this.#unrequire(chunk)
      this.#state[chunk] = ASKED
    }
    return request
  }

  /** While others keep this transfer busy, a source that seeds to several is asked only for what nobody else has. */
  #spared(source: Source): boolean {
    if (!source.complete || !source.several || this.#completeSources >= PLENTY) return false
    if (this.#completeSources === this.#sources.size) return false
    return this.#underWay.outstanding - source.outstanding >= this.#limits.busyBytes
  }

  /** Nobody else spreads or brings the blob, so order costs nothing, and the disk and the blob's hash like it. */
  #alone(source: Source): boolean {
    return source.complete && !source.several && this.#sources.size === 1 && source.declined.size === 0
  }

  /** Sources without a rate share a part of what may be under way; beyond it one more is tried now and then. */
  #mayProbe(now: number): boolean {
    return (
      this.#underWay.unproven < this.#limits.transferBytes / UNPROVEN_SHARE ||
      now - this.#underWay.probedAt >= PROBE_EVERY_MS
    )
  }

  /** This node's own link may need longer for all that was asked than the source for its part. */
  #deadlineMs(source: Source): number {
    const ownLinkMs = Math.min(this.#pace.deadlineMs(this.#underWay.outstanding), this.#limits.firstDeadlineMs)
    return Math.max(source.pace.deadlineMs(source.outstanding), ownLinkMs)
  }

  /** Bytes under way: what this node's link takes in a while, so that a slow one is not asked full by many sources. */
  #allowance(): number {
    const { transferBytes, startWindowBytes, queueMs } = this.#limits
    const rate = this.#pace.bytesPerSecond
    return Math.min(Math.max(((rate ?? 0) * queueMs) / 1000, 4 * startWindowBytes), transferBytes)
  }

  #isSlow(source: Source): boolean {
    const rate = source.pace.bytesPerSecond
    return rate !== null && rate < this.#fastest * SLOW_SHARE
  }

  #wouldBeLate(source: Source): boolean {
    const mineMs = source.pace.msFor(source.outstanding + this.#lengths[0]!) ?? 0
    const restMs = (this.#bytesMissing * 1000) / Math.max(this.#fastest, this.#pace.bytesPerSecond ?? 0, 1)
    return mineMs > Math.max(1000, 1.5 * restMs)
  }

  #idle(now: number): boolean {
    return (
      this.#underWay.outstanding === 0 &&
      this.#underWay.writing === 0 &&
      now - this.#underWay.idleSince >= this.#limits.forceAfterMs
    )
  }

  #require(chunk: number): void {
    this.#state[chunk] = NEEDED
    this.#needed.add(chunk)
    this.#cursor = Math.min(this.#cursor, chunk)
    this.#rarity.insert(chunk)
    if (this.#rarity.holders(chunk) === 0) return
    for (const source of this.#sources.values()) if (source.has(chunk)) this.#ready.add(source)
  }

  #unrequire(chunk: number): void {
    this.#needed.delete(chunk)
    this.#rarity.remove(chunk)
  }

  #requeue(chunk: number): void {
    if (this.#state[chunk] === ASKED && !this.#underWay.has(chunk)) this.#require(chunk)
  }

  /** Takes the request out of its source's and the transfer's accounts. */
  #forget(request: ChunkRequest, now: number): void {
    const rest = request.length - request.received
    const source = this.#sources.get(request.peer)
    if (source?.requests.delete(request.id) !== true) return
    source.outstanding -= rest
    this.#underWay.lessen(request, rest, now)
    this.#ready.add(source)
  }

  #drop(source: Source, now: number): ChunkRequest[] {
    const open = [...source.requests.values()]
    for (const request of open) {
      this.#forget(request, now)
      this.#underWay.settle(request)
    }
    for (const request of open) this.#requeue(request.chunk)
    return open
  }
}
