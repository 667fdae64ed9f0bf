import type { ChunkRequest } from './source.ts'

/** Bytes that were asked for and are not verified yet, and who was asked for which chunk. */
export class UnderWay {
  /** Asked for and not here. */
  outstanding = 0
  /** Here and not verified. */
  writing = 0
  /** The part of `outstanding` that was asked of sources without a rate. */
  unproven = 0
  /** When the last such request was sent. */
  probedAt = Number.NEGATIVE_INFINITY
  /** Since when nothing is outstanding. */
  idleSince: number
  readonly #asked = new Map<number, ChunkRequest[]>()

  constructor(now: number) {
    this.idleSince = now
  }

  get bytes(): number {
    return this.outstanding + this.writing
  }

  chunks(): IterableIterator<[number, readonly ChunkRequest[]]> {
    return this.#asked.entries()
  }

  has(chunk: number): boolean {
    return this.#asked.has(chunk)
  }

  add(request: ChunkRequest): void {
    const others = this.#asked.get(request.chunk)
    if (others) others.push(request)
    else this.#asked.set(request.chunk, [request])
    this.outstanding += request.length
    if (!request.unproven) return
    this.unproven += request.length
    this.probedAt = request.sentAt
  }

  /** So many of the request's bytes came, or will not come any more. */
  lessen(request: ChunkRequest, bytes: number, now: number): void {
    this.outstanding -= bytes
    if (request.unproven) this.unproven -= bytes
    if (this.outstanding === 0) this.idleSince = now
  }

  /** The request is over; others for its chunk may be open. */
  settle(request: ChunkRequest): void {
    const rest = (this.#asked.get(request.chunk) ?? []).filter(other => other !== request)
    if (rest.length > 0) this.#asked.set(request.chunk, rest)
    else this.#asked.delete(request.chunk)
  }

  /** Ends all requests for the chunk and answers them. */
  takeAll(chunk: number): ChunkRequest[] {
    const open = this.#asked.get(chunk) ?? []
    this.#asked.delete(chunk)
    return open
  }
}
