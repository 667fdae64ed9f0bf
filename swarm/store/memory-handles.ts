import type { Bitfield, Manifest } from '#swarm/chunk'
import { verifyChunk } from '#swarm/chunk'
import { StoreError } from './errors.ts'
import { readRange } from './handles.ts'
import type { BlobReader, BlobStat, ChunkLocation, PartialBlob, PooledBuffer } from './types.ts'

export interface MemoryBlob {
  readonly manifest: Manifest
  readonly chunks: (Uint8Array | undefined)[]
  readonly held: Bitfield
  readonly listeners: Set<(chunkIndex: number) => void>
  readonly pins: Set<string>
  state: 'partial' | 'complete'
  addedAt: number
  usedAt: number
  open: number
}

/** What a handle needs from the store that opened it. */
export interface MemoryHost {
  locate(chunk: string): Promise<ChunkLocation | null>
  chunk(location: ChunkLocation): Uint8Array | undefined
  complete(blob: MemoryBlob): void
}

abstract class MemoryHandle {
  protected readonly blob: MemoryBlob
  #closed = false

  constructor(blob: MemoryBlob) {
    this.blob = blob
    blob.open++
  }

  async close(): Promise<void> {
    if (!this.#closed) this.blob.open--
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected assertOpen(): void {
    if (this.#closed) throw new StoreError('closed', `this handle of blob ${this.blob.manifest.blob} was closed`)
  }
}

export class MemoryPartial extends MemoryHandle implements PartialBlob {
  readonly manifest: Manifest
  readonly #store: MemoryHost
  readonly #unsubscribe = new Set<() => void>()

  constructor(store: MemoryHost, blob: MemoryBlob, manifest: Manifest) {
    super(blob)
    this.#store = store
    this.manifest = manifest
  }

  has(chunkIndex: number): boolean {
    if (this.blob.state === 'complete') return chunkIndex >= 0 && chunkIndex < this.manifest.chunks.length
    return this.blob.held.has(chunkIndex)
  }

  get chunksHeld(): number {
    return this.blob.state === 'complete' ? this.manifest.chunks.length : this.blob.held.count
  }

  async write(chunkIndex: number, buffer: PooledBuffer): Promise<void> {
    try {
      this.assertOpen()
      const { blob } = this.blob.manifest
      const chunk = this.manifest.chunks[chunkIndex]
      if (chunk === undefined) throw new StoreError('not-found', `blob ${blob} has no chunk ${chunkIndex}`)
      if (this.has(chunkIndex)) return
      const bytes = buffer.bytes.slice()
      if (!verifyChunk(chunk, bytes)) {
        throw new StoreError(
          'mismatch',
          `chunk ${chunkIndex} of blob ${blob} was not stored: the bytes have another hash`,
        )
      }
      hold(this.blob, chunkIndex, bytes)
    } finally {
      buffer.release()
    }
  }

  async reusable(chunkIndexes: readonly number[]): Promise<ReadonlySet<number>> {
    this.assertOpen()
    const found = new Set<number>()
    for (const index of chunkIndexes) {
      const location = await this.#store.locate(this.manifest.chunks[index]?.sha ?? '')
      if (location !== null && location.blob !== this.manifest.blob) found.add(index)
    }
    return found
  }

  async reuse(chunkIndex: number): Promise<boolean> {
    this.assertOpen()
    if (this.has(chunkIndex)) return true
    const chunk = this.manifest.chunks[chunkIndex]
    const location = chunk === undefined ? null : await this.#store.locate(chunk.sha)
    const bytes = location === null ? undefined : this.#store.chunk(location)
    if (bytes === undefined) return false
    hold(this.blob, chunkIndex, bytes)
    return true
  }

  async sync(): Promise<void> {
    this.assertOpen()
  }

  async complete(): Promise<void> {
    this.assertOpen()
    this.#store.complete(this.blob)
  }

  onChunk(listener: (chunkIndex: number) => void): () => void {
    this.blob.listeners.add(listener)
    const unsubscribe = (): void => {
      this.blob.listeners.delete(listener)
      this.#unsubscribe.delete(unsubscribe)
    }
    this.#unsubscribe.add(unsubscribe)
    return unsubscribe
  }

  override close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    return super.close()
  }
}

export class MemoryReader extends MemoryHandle implements BlobReader {
  get sizeBytes(): number {
    return this.blob.manifest.sizeBytes
  }

  get manifest(): Manifest {
    return this.blob.manifest
  }

  has(chunkIndex: number): boolean {
    return this.blob.held.has(chunkIndex)
  }

  async readChunk(chunkIndex: number, offset: number, length: number): Promise<Uint8Array> {
    this.assertOpen()
    const bytes = this.blob.chunks[chunkIndex]
    if (bytes === undefined)
      throw new StoreError('not-found', `chunk ${chunkIndex} of blob ${this.manifest.blob} is not held here`)
    if (offset < 0 || length < 0 || offset + length > bytes.byteLength) {
      throw new RangeError(`bytes ${offset} to ${offset + length} are outside chunk ${chunkIndex}`)
    }
    return bytes.slice(offset, offset + length)
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return readRange(this.manifest, offset, length, (...range) => this.readChunk(...range))
  }
}

export function hold(blob: MemoryBlob, index: number, bytes: Uint8Array): void {
  if (!blob.held.set(index)) return
  blob.chunks[index] = bytes
  for (const listener of blob.listeners) listener(index)
}

export function bytesHeld(blob: MemoryBlob): number {
  let sum = 0
  for (const index of blob.held.indexes()) sum += blob.manifest.chunks[index]!.length
  return sum
}

export function statOf(blob: MemoryBlob): BlobStat {
  const { manifest, held, state, addedAt, usedAt } = blob
  return {
    sha: manifest.blob,
    sizeBytes: manifest.sizeBytes,
    chunks: manifest.hash,
    state,
    chunkCount: held.length,
    chunksHeld: held.count,
    bytesHeld: bytesHeld(blob),
    addedAt,
    usedAt,
    pins: [...blob.pins].sort(),
  }
}
