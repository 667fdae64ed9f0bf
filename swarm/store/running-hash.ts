import type { Manifest, Sha256Hex } from '#swarm/chunk'
import type { PooledBuffer } from './types.ts'
import { type Session, sharedSlice, type WorkerPool } from './workers.ts'

/** More would keep buffers from the network; what is behind is read back from the page cache. */
const MEMORY_TASKS = 4
const FILE_RUN_BYTES = 8 * 1024 * 1024

/**
 * The blob's SHA-256, kept up while its chunks arrive in any order: it advances over the chunks held from the start,
 * straight from the buffer when the next one in order has just been written, else by reading back.
 */
export class RunningHash {
  readonly #workers: WorkerPool
  readonly #manifest: Manifest
  readonly #fd: number
  readonly #has: (index: number) => boolean
  #session: Session
  #posted = 0
  #tasks = 0
  #reading = false
  #closed = false
  #fault: unknown
  #idle = Promise.withResolvers<void>()

  constructor(workers: WorkerPool, manifest: Manifest, fd: number, has: (index: number) => boolean) {
    this.#workers = workers
    this.#manifest = manifest
    this.#fd = fd
    this.#has = has
    this.#session = workers.session()
  }

  /** Takes the chunk's buffer over when it is the next in order: then releases it, and answers true. */
  offer(index: number, buffer: PooledBuffer): boolean {
    if (this.#closed || this.#fault !== undefined) return false
    if (index !== this.#posted || this.#tasks >= MEMORY_TASKS) return false
    this.#posted++
    this.#track(this.#session.run('hash-memory', { slice: sharedSlice(buffer.bytes) }).finally(() => buffer.release()))
    return true
  }

  /** Goes on with what is held. Call it after each chunk. */
  advance(): void {
    if (this.#closed || this.#reading || this.#fault !== undefined) return
    const first = this.#manifest.chunks[this.#posted]
    if (first === undefined || !this.#has(this.#posted)) return
    let length = 0
    while (length < FILE_RUN_BYTES && this.#has(this.#posted)) length += this.#manifest.chunks[this.#posted++]!.length
    this.#reading = true
    this.#track(
      this.#session
        .run('hash-file', { fd: this.#fd, position: first.offset, length })
        .finally(() => (this.#reading = false)),
    )
  }

  /** The digest, once every chunk is held. */
  async digest(): Promise<Sha256Hex> {
    await this.#drain()
    if (this.#fault !== undefined) {
      this.#restart()
      await this.#drain()
    }
    if (this.#fault !== undefined) throw this.#fault
    return this.#session.run('hash-end', {})
  }

  /** Resolves when no task reads the file any more. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#tasks > 0) await this.#idle.promise
    this.#session.close()
  }

  #restart(): void {
    this.#session.close()
    this.#session = this.#workers.session()
    this.#fault = undefined
    this.#posted = 0
  }

  async #drain(): Promise<void> {
    this.advance()
    while (this.#tasks > 0) {
      await this.#idle.promise
      this.advance()
    }
  }

  #track(task: Promise<unknown>): void {
    this.#tasks++
    task
      .catch(error => {
        this.#fault ??= error
      })
      .finally(() => {
        this.#tasks--
        if (this.#tasks === 0) {
          this.#idle.resolve()
          this.#idle = Promise.withResolvers<void>()
        }
        this.advance()
      })
  }
}
