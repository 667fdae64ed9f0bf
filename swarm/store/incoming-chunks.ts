import type { Bitfield, Manifest, Sha256Hex } from '#swarm/chunk'
import { storeFault, wrongChunk } from './errors.ts'
import type { OpenFile } from './open-file.ts'
import { RunningHash } from './running-hash.ts'
import type { WorkerPool } from './workers.ts'

/**
 * Chunks on their way into the file of an open blob, from memory or from another blob: each is verified, and what is held of the blob is
 * hashed for its own SHA-256 meanwhile.
 */
export class IncomingChunks {
  readonly #workers: WorkerPool
  readonly #manifest: Manifest
  readonly #file: OpenFile
  readonly #held: Bitfield
  readonly #arrived: (index: number) => void
  readonly #writing = new Map<number, Promise<void>>()
  #hash: RunningHash | null = null

  /** `arrived` makes the chunk held, in the turn in which it stops being on its way. */
  constructor(
    workers: WorkerPool,
    manifest: Manifest,
    file: OpenFile,
    held: Bitfield,
    arrived: (index: number) => void,
  ) {
    this.#workers = workers
    this.#manifest = manifest
    this.#file = file
    this.#held = held
    this.#arrived = arrived
  }

  /** `bytes` are over shared memory. @throws StoreError 'mismatch' when they are not the chunk */
  async write(index: number, bytes: Uint8Array): Promise<void> {
    if (await this.#arrivedMeanwhile(index)) return
    const { byteLength } = bytes
    if (byteLength !== this.#manifest.chunks[index]!.length) {
      throw wrongChunk(this.#manifest.blob, index, `${byteLength} bytes came`)
    }
    const work = this.#store(index, bytes)
    this.#writing.set(index, work)
    try {
      await work
    } finally {
      this.#writing.delete(index)
    }
    this.#arrived(index)
  }

  /** From the file of another open blob; false when the bytes there are not the chunk. */
  async copy(index: number, source: OpenFile, from: { offset: number; length: number }): Promise<boolean> {
    const { sha, offset: toPosition, length } = this.#manifest.chunks[index]!
    if (await this.#arrivedMeanwhile(index)) return true
    if (from.length !== length) return false
    const chunk = { type: 'copy-chunk', sha, length, position: from.offset, toPosition } as const
    const task = source.use(fd => this.#file.use(toFd => this.#workers.run({ ...chunk, fd, toFd })))
    const copied = await task.catch(error => {
      throw storeFault(error, `storing blob ${this.#manifest.blob}`)
    })
    if (copied) this.#arrived(index)
    return copied
  }

  /** Goes on with hashing what is held. */
  advanceHash(): void {
    this.#runningHash().advance()
  }

  /** SHA-256 of the whole file, once every chunk is held. */
  digest(): Promise<Sha256Hex> {
    return this.#runningHash().digest()
  }

  /** Resolves when no hashing reads the file any more. */
  async stopHash(): Promise<void> {
    await this.#hash?.close()
    this.#hash = null
  }

  /** When the writes that are under way have ended, one way or the other. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing.values())
  }

  async #store(index: number, bytes: Uint8Array): Promise<void> {
    const task = this.#file.use(() => this.#runningHash().keep(index, bytes))
    const right = await task.catch(error => {
      throw storeFault(error, `storing blob ${this.#manifest.blob}`)
    })
    if (!right) throw wrongChunk(this.#manifest.blob, index, 'the bytes that came have another hash')
  }

  /** True when the chunk is held, after waiting for a write of it that is under way. */
  async #arrivedMeanwhile(index: number): Promise<boolean> {
    await this.#writing.get(index)?.catch(() => undefined)
    return this.#held.has(index)
  }

  #runningHash(): RunningHash {
    const has = (index: number): boolean => this.#held.has(index)
    this.#hash ??= new RunningHash(this.#workers, this.#manifest, this.#file.handle.fd, has)
    return this.#hash
  }
}
