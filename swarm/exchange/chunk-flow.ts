import type { PeerId } from '#node/host'
import { codeOf, isAbort } from '#node/kit'
import type { BlobStore, PartialBlob, PooledBuffer } from '#swarm/store'
import type { AskStream, ChunkSink } from './ask-stream.ts'
import type { Links } from './links.ts'
import type { Progress } from './progress.ts'
import type { Scheduler } from './scheduler.ts'
import type { ChunkRequest } from './source.ts'

/** What the flow of one blob's chunks needs, and whom it tells. */
export interface ChunkFlowParts {
  readonly store: BlobStore
  readonly links: Links
  readonly scheduler: Scheduler
  readonly partial: PartialBlob
  readonly progress: Progress
  /** Fires when nothing more is to be asked for. */
  readonly signal: AbortSignal
  now(): number
  /** Whether the rules of this node let it ask for more now. */
  mayAsk(): boolean
  asked(bytes: number): void
  /** The chunk is here and verified. */
  gained(chunk: number): void
  /** The member sent bytes that are not the chunk's. */
  lied(peer: PeerId, chunk: number): void
  failed(error: unknown): void
}

interface OpenGet {
  readonly request: ChunkRequest
  readonly buffer: PooledBuffer
  readonly stream: AskStream
  readonly wireId: number
}

/** Carries out what the scheduler decides: asks for chunks, takes them in, hands them to the store, gives up what is not wanted. */
export class ChunkFlow {
  readonly #parts: ChunkFlowParts
  readonly #open = new Map<number, OpenGet>()
  readonly #writes = new Map<number, Promise<void>>()
  #waitsForBuffer = false

  constructor(parts: ChunkFlowParts) {
    this.#parts = parts
  }

  get isWriting(): boolean {
    return this.#writes.size > 0
  }

  /** In line for memory that other transfers use. */
  get waitsForBuffer(): boolean {
    return this.#waitsForBuffer
  }

  /** Asks for all that may be asked for now. Call it after every event. */
  pump(): void {
    const { scheduler, store, signal } = this.#parts
    if (this.#waitsForBuffer || signal.aborted) return
    while (this.#parts.mayAsk()) {
      const request = scheduler.next(this.#parts.now())
      if (!request) return
      const buffer = store.buffers.tryAcquire(request.length)
      if (!buffer) {
        void this.#askLater(request)
        return
      }
      this.#ask(request, buffer)
    }
  }

  /** No longer expected: the buffers go back, the members are told. */
  abandon(requests: readonly ChunkRequest[]): void {
    for (const request of requests) {
      const open = this.#open.get(request.id)
      if (!open) continue
      this.#open.delete(request.id)
      open.stream.cancel(open.wireId)
      open.buffer.release()
    }
  }

  /** Gives up what is open; resolves when the store has no chunk of it in hand. The signal has fired before. */
  async close(): Promise<void> {
    this.abandon([...this.#open.values()].map(({ request }) => request))
    await Promise.allSettled(this.#writes.values())
  }

  /** The pool is used up by others: in line for it, and nothing more is asked for meanwhile. */
  async #askLater(request: ChunkRequest): Promise<void> {
    const { scheduler, store, signal } = this.#parts
    this.#waitsForBuffer = true
    scheduler.waits(request)
    try {
      const buffer = await store.buffers.acquire(request.length, { signal })
      if (!signal.aborted && scheduler.sent(request, this.#parts.now())) this.#ask(request, buffer)
      else buffer.release()
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.#parts.failed(error)
    } finally {
      this.#waitsForBuffer = false
    }
    this.pump()
  }

  #ask(request: ChunkRequest, buffer: PooledBuffer): void {
    const link = this.#parts.links.get(request.peer)
    if (!link) {
      buffer.release()
      this.#parts.scheduler.withdrawn(request, this.#parts.now())
      return
    }
    this.#parts.asked(request.length)
    const wireId = link.stream.get(link.handle, request.chunk, request.force, this.#sink(request, buffer))
    this.#open.set(request.id, { request, buffer, stream: link.stream, wireId })
  }

  #sink(request: ChunkRequest, buffer: PooledBuffer): ChunkSink {
    const { scheduler, progress, links } = this.#parts
    return {
      length: request.length,
      target: buffer.bytes,
      arrived: bytes => {
        const now = this.#parts.now()
        progress.arrived(bytes, now)
        scheduler.arrived(request, bytes, now)
        if (request.received === request.length) {
          this.#open.delete(request.id)
          this.#write(request, buffer)
        }
        this.pump()
      },
      declined: (reason, retryAfterMs, hints) => {
        this.#open.delete(request.id)
        buffer.release()
        const now = this.#parts.now()
        const notHeld = reason === 'not-held' || reason === 'unreadable'
        scheduler.declined(request, retryAfterMs, now, { notHeld })
        if (reason === 'busy') this.abandon(scheduler.setAside(request.peer, now, retryAfterMs)?.requests ?? [])
        if (reason === 'unknown') links.drop(request.peer, 'does not have it any more', now)
        for (const hint of hints) links.suggest(hint, now)
        this.pump()
      },
    }
  }

  #write(request: ChunkRequest, buffer: PooledBuffer): void {
    const { scheduler, partial, progress } = this.#parts
    const { chunk } = request
    if (this.#writes.has(chunk) || partial.has(chunk)) {
      buffer.release()
      return
    }
    const work = partial.write(chunk, buffer).then(
      () => {
        this.#writes.delete(chunk)
        progress.verified(request.peer, request.length)
        this.#parts.gained(chunk)
        this.pump()
      },
      (error: unknown) => {
        this.#writes.delete(chunk)
        scheduler.failed(chunk)
        if (codeOf(error) !== 'mismatch') {
          this.#parts.failed(error)
          return
        }
        this.#parts.lied(request.peer, chunk)
        this.pump()
      },
    )
    this.#writes.set(chunk, work)
  }
}
