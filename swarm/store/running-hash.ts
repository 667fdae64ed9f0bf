import { codeOf } from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { type Session, sharedSlice, THREAD_ENDED, type WorkerPool } from './workers.ts'

const FILE_RUN_BYTES = 8 * 1024 * 1024

/**
 * Checks and writes chunks while they arrive in any order, and keeps the blob's SHA-256 up meanwhile: one thread hashes the bytes of
 * the chunk that is next in order for both at once, and reads back what came out of order or was held from the start.
 */
export class RunningHash {
  readonly #workers: WorkerPool
  readonly #manifest: Manifest
  readonly #fd: number
  readonly #has: (index: number) => boolean
  #session: Session
  /** The first chunk that the hash does not cover. */
  #next = 0
  #tasks = 0
  #reading = false
  #readingOn: Promise<void> = Promise.resolve()
  #closed = false
  #threadEnded = false
  #fault: unknown
  #idle = Promise.withResolvers<void>()

  constructor(workers: WorkerPool, manifest: Manifest, fd: number, has: (index: number) => boolean) {
    this.#workers = workers
    this.#manifest = manifest
    this.#fd = fd
    this.#has = has
    this.#session = workers.session()
  }

  /** Writes the bytes, which are over shared memory, if they are the chunk, and answers whether. */
  async keep(index: number, bytes: Uint8Array): Promise<boolean> {
    if (this.#threadEnded) this.#restart()
    const { sha, offset: position } = this.#manifest.chunks[index]!
    const session = this.#session
    return this.#counted(async () => {
      try {
        const slice = sharedSlice(bytes)
        const { right, hashedBytes } = await session.run('keep-chunk', { slice, sha, fd: this.#fd, position })
        this.#reached(session, hashedBytes)
        return right
      } catch (error) {
        if (session === this.#session && codeOf(error) === THREAD_ENDED) this.#threadEnded = true
        throw error
      }
    })
  }

  /** Goes on with what is held. Call it after each chunk. */
  advance(): void {
    if (this.#closed || this.#reading || this.#fault !== undefined) return
    const first = this.#manifest.chunks[this.#next]
    if (first === undefined) return
    let length = 0
    for (let index = this.#next; length < FILE_RUN_BYTES && this.#has(index); index++) {
      length += this.#manifest.chunks[index]!.length
    }
    if (length > 0) this.#readingOn = this.#readOn(first.offset, length)
  }

  /** The digest, once every chunk is held. */
  async digest(): Promise<Sha256Hex> {
    await this.#drain()
    if (this.#threadEnded || !this.#coversAll) {
      this.#restart()
      await this.#drain()
    }
    if (!this.#coversAll) throw this.#fault ?? new Error(`blob ${this.#manifest.blob} was hashed in part only`)
    return this.#session.run('hash-end', {})
  }

  /** Resolves when no task reads the file or a buffer any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#settled()
    this.#session.close()
  }

  get #coversAll(): boolean {
    return this.#next === this.#manifest.chunks.length
  }

  async #readOn(position: number, length: number): Promise<void> {
    const session = this.#session
    this.#reading = true
    await this.#counted(async () => {
      try {
        this.#reached(session, await session.run('hash-file', { fd: this.#fd, position, length }))
      } catch (error) {
        if (session === this.#session) this.#fault ??= error
      } finally {
        if (session === this.#session) this.#reading = false
      }
    })
    this.advance()
  }

  #restart(): void {
    this.#session.close()
    this.#session = this.#workers.session()
    this.#threadEnded = false
    this.#reading = false
    this.#fault = undefined
    this.#next = 0
  }

  #reached(session: Session, hashedBytes: number): void {
    if (session !== this.#session) return
    const { chunks } = this.#manifest
    while (this.#next < chunks.length && chunks[this.#next]!.offset < hashedBytes) this.#next++
  }

  /** Until the hash covers every chunk, or cannot go on. */
  async #drain(): Promise<void> {
    do {
      this.advance()
      await this.#settled()
      await this.#readingOn
    } while (this.#next < this.#manifest.chunks.length && !this.#closed && this.#fault === undefined)
  }

  async #settled(): Promise<void> {
    while (this.#tasks > 0) await this.#idle.promise
  }

  /** What a task changes here is changed before it counts as over: whoever waits for the last one goes by it. */
  async #counted<T>(task: () => Promise<T>): Promise<T> {
    this.#tasks++
    try {
      return await task()
    } finally {
      this.#tasks--
      if (this.#tasks === 0) {
        this.#idle.resolve()
        this.#idle = Promise.withResolvers<void>()
      }
    }
  }
}
