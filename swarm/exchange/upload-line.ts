import type { Allocate } from '#swarm/store'
import { MAX_PAYLOAD } from './codec.ts'
import type { PieceBuffers } from './piece-buffers.ts'
import type { UploadBudget } from './upload-budget.ts'

const SMALLEST_PIECE = 64 * 1024
/** Until the asker has shown how fast it takes them. */
const FIRST_PIECE = 256 * 1024
/** A piece is what the asker takes in about this time. */
const PIECE_MS = 250

/** One answer of many bytes, sent in pieces. */
export interface Job {
  readonly id: number
  /** Who it belongs to, to end all of one owner together. */
  readonly owner: object | null
  readonly replica: boolean
  readonly from: number
  readonly length: number
  readonly read: (offset: number, length: number, allocate: Allocate) => Promise<Uint8Array>
  /** What goes before the bytes at `offset`. */
  readonly head: (offset: number) => Uint8Array
}

export interface Piece {
  readonly job: OpenJob
  readonly offset: number
  readonly length: number
  bytes: Uint8Array | null
  failed: boolean
  /** Its bytes are taken out of the budget; until then it waits in line, which `giveUp` ends. */
  budgeted: boolean
  giveUp: () => void
}

interface OpenJob extends Job {
  /** Of the first byte that no piece covers yet. */
  at: number
  over: boolean
}

/** What one asker asked for and has not got: read ahead a few pieces, within its own bound and the budget of all. */
export class UploadLine {
  readonly #budget: UploadBudget
  readonly #buffers: PieceBuffers
  readonly #aheadLimit: number
  readonly #onReady: () => void
  readonly #onUnreadable: (id: number, error: unknown) => void
  readonly #jobs: OpenJob[] = []
  readonly #open = new Map<number, OpenJob>()
  readonly #pieces: Piece[] = []
  #aheadBytes = 0
  #askedBytes = 0
  #pieceBytes = FIRST_PIECE

  constructor(parts: {
    budget: UploadBudget
    buffers: PieceBuffers
    aheadBytes: number
    onReady: () => void
    onUnreadable: (id: number, error: unknown) => void
  }) {
    this.#budget = parts.budget
    this.#buffers = parts.buffers
    this.#aheadLimit = parts.aheadBytes
    this.#onReady = parts.onReady
    this.#onUnreadable = parts.onUnreadable
  }

  /** Jobs that are not answered in full. */
  get size(): number {
    return this.#open.size
  }

  get bytes(): number {
    return this.#askedBytes
  }

  waitingWithoutOwner(): number {
    return this.#jobs.filter(job => job.owner === null).length
  }

  add(job: Job): void {
    const open = { ...job, at: job.from, over: false }
    this.#jobs.push(open)
    this.#open.set(job.id, open)
    this.#askedBytes += job.length
    this.#onReady()
  }

  cancel(id: number): void {
    const job = this.#open.get(id)
    if (!job) return
    this.#finish(job)
    const at = this.#jobs.indexOf(job)
    if (at >= 0) this.#jobs.splice(at, 1)
  }

  cancelOwner(owner: object): void {
    for (const job of this.#open.values()) if (job.owner === owner) this.cancel(job.id)
  }

  readAhead(): void {
    while (this.#aheadBytes < this.#aheadLimit) {
      const job = this.#jobs[0]
      if (!job) return
      const length = Math.min(this.#pieceBytes, job.from + job.length - job.at)
      const offset = job.at
      const piece: Piece = { job, offset, length, bytes: null, failed: false, budgeted: false, giveUp: () => undefined }
      job.at += length
      if (job.at === job.from + job.length) this.#jobs.shift()
      this.#pieces.push(piece)
      this.#aheadBytes += length
      piece.giveUp = this.#budget.take(length, job.replica, () => {
        piece.budgeted = true
        void this.#fill(piece)
      })
    }
  }

  /** The next piece whose bytes are here, in order; `give` it back afterwards. Pieces of ended jobs are skipped. */
  next(): (Piece & { bytes: Uint8Array }) | null {
    for (let piece = this.#pieces[0]; piece; piece = this.#pieces[0]) {
      if (!piece.bytes && !piece.failed && !piece.job.over) return null
      this.#pieces.shift()
      if (isFull(piece) && !piece.job.over) {
        if (piece.offset + piece.length === piece.job.from + piece.job.length) this.#finish(piece.job)
        return piece
      }
      if (piece.bytes) this.#buffers.giveBack(piece.bytes)
      this.#return(piece)
    }
    return null
  }

  /** The piece was sent, and it took so long; the next ones are sized accordingly. */
  give(piece: Piece, tookMs: number): void {
    const fits = (piece.length * PIECE_MS) / Math.max(tookMs, 1)
    this.#pieceBytes = Math.min(Math.max(Math.round(fits), SMALLEST_PIECE), 2 * this.#pieceBytes, MAX_PAYLOAD)
    this.#return(piece)
  }

  close(): void {
    for (const job of this.#open.values()) job.over = true
    this.#open.clear()
    this.#jobs.length = 0
    for (const piece of this.#pieces.splice(0)) this.#return(piece)
  }

  async #fill(piece: Piece): Promise<void> {
    try {
      if (piece.job.over) piece.failed = true
      else piece.bytes = await piece.job.read(piece.offset, piece.length, this.#buffers.take)
    } catch (error) {
      piece.failed = true
      if (!piece.job.over) {
        this.cancel(piece.job.id)
        this.#onUnreadable(piece.job.id, error)
      }
    }
    this.#onReady()
  }

  #finish(job: OpenJob): void {
    if (job.over) return
    this.#open.delete(job.id)
    this.#askedBytes -= job.length
    job.over = true
  }

  #return(piece: Piece): void {
    this.#aheadBytes -= piece.length
    if (piece.budgeted) this.#budget.release(piece.length)
    else piece.giveUp()
  }
}

function isFull(piece: Piece): piece is Piece & { bytes: Uint8Array } {
  return piece.bytes !== null
}
