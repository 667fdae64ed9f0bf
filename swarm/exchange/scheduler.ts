import type { PeerId } from '#node/host'
import type { Random } from '#node/kit'
import type { Bitfield } from '#swarm/chunk'
import { ChunkChoice } from './chunk-choice.ts'
import { crawls, deadlineMs } from './deadlines.ts'
import { FetchState } from './fetch-state.ts'
import type { SchedulerLimits } from './limits.ts'
import { ReadyLine } from './ready-line.ts'
import { type ChunkRequest, Source } from './source.ts'

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
 * `ChunkChoice` says which chunk, `deadlines.ts` how long its answer is waited for; each source has a window in bytes that
 * follows its measured rate. Every event costs O(1), except a source that is added, removed or set aside (its chunks or
 * requests) and a search among rare hits (one step for each 32 chunks).
 */
export class Scheduler {
  readonly #state: FetchState
  readonly #choice: ChunkChoice
  readonly #stages: Uint8Array
  readonly #ready: ReadyLine
  #nextId = 1

  constructor(lengths: ArrayLike<number>, options: { limits: SchedulerLimits; random: Random; now: number }) {
    this.#state = new FetchState(lengths, options)
    this.#choice = new ChunkChoice(this.#state)
    this.#stages = new Uint8Array(lengths.length)
    this.#ready = new ReadyLine(options.random)
  }

  get done(): boolean {
    return this.#state.heldCount === this.#state.lengths.length
  }

  get heldCount(): number {
    return this.#state.heldCount
  }

  get bytesMissing(): number {
    return this.#state.bytesMissing
  }

  /** Asked for and not here, plus here and not yet verified. */
  get bytesUnderWay(): number {
    return this.#state.underWay.bytes
  }

  /** Chunks that nobody was asked for and no source holds. */
  get unavailable(): number {
    return this.#state.rarity.size - this.#state.rarity.available
  }

  stateOf(chunk: number): ChunkState {
    return STATES[this.#stages[chunk]!]!
  }

  sources(): IterableIterator<Source> {
    return this.#state.sources.values()
  }

  source(peer: PeerId): Source | undefined {
    return this.#state.sources.get(peer)
  }

  /** The chunk is not here and no local copy exists: it may be asked for from now on. */
  need(chunk: number): void {
    if (this.#stages[chunk] !== UNKNOWN) return
    this.#require(chunk)
  }

  /**
   * The chunk is here and verified, whoever it came from. Answers requests for it that are still open; the caller cancels them.
   */
  held(chunk: number, now: number): ChunkRequest[] {
    const before = this.#stages[chunk]!
    if (before === HELD) return []
    if (before === NEEDED) this.#unrequire(chunk)
    if (before === ARRIVED) this.#state.underWay.writing -= this.#state.lengths[chunk]!
    this.#stages[chunk] = HELD
    this.#state.heldCount++
    this.#state.bytesMissing -= this.#state.lengths[chunk]!
    const open = this.#state.underWay.takeAll(chunk)
    for (const request of open) this.#forget(request, now)
    return open
  }

  addSource(peer: PeerId): void {
    if (this.#state.sources.has(peer)) return
    this.#state.sources.set(peer, new Source(peer, this.#state.lengths.length, this.#state.limits))
  }

  /** Answers its open requests, whose chunks are asked of others from now on. */
  removeSource(peer: PeerId, now: number): ChunkRequest[] {
    const source = this.#state.sources.get(peer)
    if (!source) return []
    const open = this.#drop(source, now)
    this.#state.removeSource(source)
    return open
  }

  /** All that the source holds; what it said before stays true. */
  setHave(peer: PeerId, bits: Bitfield | 'complete', several: boolean): void {
    const source = this.#state.sources.get(peer)
    if (!source) return
    source.several = several
    this.#state.learnAll(source, bits)
    this.#ready.add(source)
  }

  /** One chunk more. False for an index that the blob does not have. */
  addHave(peer: PeerId, chunk: number): boolean {
    if (chunk >= this.#state.lengths.length) return false
    const source = this.#state.sources.get(peer)
    if (source && this.#state.learn(source, chunk) && this.#stages[chunk] === NEEDED) this.#ready.add(source)
    return true
  }

  /** The next request to send, or null until another event. */
  next(now: number): ChunkRequest | null {
    while (!this.#ready.isEmpty) {
      if (this.bytesUnderWay >= this.#state.limits.transferBytes) return null
      if (this.bytesUnderWay - this.#state.underWay.unproven >= this.#allowance()) return null
      const source = this.#ready.take(
        this.#state.lengths[0]!,
        (this.#state.lengths[0]! * 1000) / Math.max(this.#state.fastest, 1),
      )
      if (this.#state.sources.get(source.peer) !== source || source.isAside(now)) continue
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
    const source = this.#state.sources.get(request.peer)
    if (source?.requests.get(request.id) !== request) return false
    if (source.requests.size === 1) source.pace.start(now)
    request.sentAt = now
    request.mark = source.deliveredBytes
    request.deadlineAt = now + deadlineMs(this.#state, source)
    return true
  }

  /** Part of an answer. */
  arrived(request: ChunkRequest, bytes: number, now: number): void {
    const source = this.#state.sources.get(request.peer)
    request.received += bytes
    this.#state.underWay.lessen(request, bytes, now)
    if (!source) return
    this.#state.pace.arrived(bytes, now, this.#state.underWay.outstanding === 0)
    source.outstanding -= bytes
    source.deliveredBytes += bytes
    source.stalls = 0
    source.pace.arrived(bytes, now, source.outstanding === 0)
    this.#state.fastest = Math.max(this.#state.fastest * 0.999, source.pace.bytesPerSecond ?? 0)
    if (request.received === request.length) {
      source.requests.delete(request.id)
      this.#state.underWay.settle(request)
      if (this.#stages[request.chunk] === ASKED) {
        this.#stages[request.chunk] = ARRIVED
        this.#state.underWay.writing += request.length
      }
    }
    this.#ready.add(source)
  }

  /** The bytes that arrived were not the chunk's or could not be kept; it is asked for again. */
  failed(chunk: number): void {
    if (this.#stages[chunk] !== ARRIVED) return
    this.#state.underWay.writing -= this.#state.lengths[chunk]!
    if (this.#state.underWay.has(chunk)) this.#stages[chunk] = ASKED
    else this.#require(chunk)
  }

  /** The source will not answer this one, for now. `notHeld` takes back that it has the chunk. */
  declined(request: ChunkRequest, retryAfterMs: number, now: number, options: { notHeld?: boolean } = {}): void {
    const source = this.#state.sources.get(request.peer)
    this.#forget(request, now)
    this.#state.underWay.settle(request)
    if (!source) return
    if (options.notHeld) this.#state.unlearn(source, request.chunk)
    source.declined.set(request.chunk, now + Math.min(Math.max(retryAfterMs, 20), 10_000))
    this.#requeue(request.chunk)
    this.#ready.add(source)
  }

  /** The request could not be sent after all; nothing is held against the source. */
  withdrawn(request: ChunkRequest, now: number): void {
    this.#forget(request, now)
    this.#state.underWay.settle(request)
    this.#requeue(request.chunk)
  }

  /** The source rests for a while: `busy` at its own wish, otherwise because it stalled. */
  setAside(peer: PeerId, now: number, busyMs?: number): Stall | null {
    const source = this.#state.sources.get(peer)
    if (!source) return null
    if (busyMs === undefined) source.stalls++
    const { asideMs, asideCeilingMs } = this.#state.limits
    const restMs = busyMs ?? Math.min(asideMs * 2 ** (source.stalls - 1), asideCeilingMs)
    source.asideUntil = now + restMs
    source.pace.reset()
    return { peer, asideMs: restMs, requests: this.#drop(source, now) }
  }

  /** Call it every 100 ms or so: finds overdue requests, and lets sources be looked at again. Costs O(sources). */
  tick(now: number): Stall[] {
    const stalls: Stall[] = []
    for (const source of this.#state.sources.values()) {
      const oldest: ChunkRequest | undefined = source.requests.values().next().value
      if (oldest && oldest.deadlineAt <= now) {
        const isCrawling = crawls(this.#state, source, oldest, now)
        if (isCrawling) oldest.deadlineAt = now + deadlineMs(this.#state, source)
        const stall = isCrawling ? null : this.setAside(source.peer, now)
        if (stall) stalls.push(stall)
      }
      this.#ready.add(source)
    }
    return stalls
  }

  #ask(source: Source, now: number): ChunkRequest | null {
    const choice = this.#choice.next(source, now)
    return choice === null ? null : this.#send(source, choice.chunk, now, choice.duplicate)
  }

  #send(source: Source, chunk: number, now: number, duplicate: boolean): ChunkRequest {
    const length = this.#state.lengths[chunk]!
    if (source.outstanding === 0) source.pace.start(now)
    source.outstanding += length
    if (this.#state.underWay.outstanding === 0) this.#state.pace.start(now)
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
      deadlineAt: now + deadlineMs(this.#state, source),
      mark: source.deliveredBytes,
    }
    source.requests.set(request.id, request)
    this.#state.underWay.add(request)
    if (!duplicate) {
      this.#unrequire(chunk)
      this.#stages[chunk] = ASKED
    }
    return request
  }

  /** Bytes under way: what this node's link takes in a while, so that a slow one is not asked full by many sources. */
  #allowance(): number {
    const { transferBytes, startWindowBytes, queueMs } = this.#state.limits
    const rate = this.#state.pace.bytesPerSecond
    return Math.min(Math.max(((rate ?? 0) * queueMs) / 1000, 4 * startWindowBytes), transferBytes)
  }

  #require(chunk: number): void {
    this.#stages[chunk] = NEEDED
    this.#state.needed.add(chunk)
    this.#state.cursor = Math.min(this.#state.cursor, chunk)
    this.#state.rarity.insert(chunk)
    if (this.#state.rarity.holders(chunk) === 0) return
    for (const source of this.#state.sources.values()) if (source.has(chunk)) this.#ready.add(source)
  }

  #unrequire(chunk: number): void {
    this.#state.needed.delete(chunk)
    this.#state.rarity.remove(chunk)
  }

  #requeue(chunk: number): void {
    if (this.#stages[chunk] === ASKED && !this.#state.underWay.has(chunk)) this.#require(chunk)
  }

  /** Takes the request out of its source's and the transfer's accounts. */
  #forget(request: ChunkRequest, now: number): void {
    const rest = request.length - request.received
    const source = this.#state.sources.get(request.peer)
    if (source?.requests.delete(request.id) !== true) return
    source.outstanding -= rest
    this.#state.underWay.lessen(request, rest, now)
    this.#ready.add(source)
  }

  #drop(source: Source, now: number): ChunkRequest[] {
    const open = [...source.requests.values()]
    for (const request of open) {
      this.#forget(request, now)
      this.#state.underWay.settle(request)
    }
    for (const request of open) this.#requeue(request.chunk)
    return open
  }
}
