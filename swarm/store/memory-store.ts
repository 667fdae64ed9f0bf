import { chmod, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Clock, systemClock, writeFileAtomic } from '#node/kit'
import { Bitfield, type Manifest, manifestOf, type Sha256Hex } from '#swarm/chunk'
import { createBufferPool } from './buffers.ts'
import { chooseRemovals } from './collect.ts'
import { closedStore, notFound, StoreError } from './errors.ts'
import {
  bytesHeld,
  hold,
  type MemoryBlob,
  type MemoryHost,
  MemoryPartial,
  MemoryReader,
  statOf,
} from './memory-handles.ts'
import type { StoreChange } from './parts.ts'
import type {
  BlobDescriptor,
  BlobReader,
  BlobStat,
  BlobStore,
  BufferPool,
  ChunkLocation,
  CollectOptions,
  IngestOptions,
  PartialBlob,
} from './types.ts'

export interface MemoryStoreOptions {
  clock?: Clock
  buffers?: BufferPool
  /** Default: 1 GiB. */
  capacityBytes?: number
}

/** Keeps everything in memory and nothing after `close`: for tests and simulations. */
export function memoryStore(options: MemoryStoreOptions = {}): BlobStore {
  return new MemoryStore(options)
}

class MemoryStore implements BlobStore, MemoryHost {
  readonly buffers: BufferPool
  readonly #clock: Clock
  readonly #capacityBytes: number
  readonly #blobs = new Map<Sha256Hex, MemoryBlob>()
  readonly #listeners = new Set<(event: StoreChange) => void>()
  #closed = false

  constructor(options: MemoryStoreOptions) {
    this.buffers = options.buffers ?? createBufferPool()
    this.#clock = options.clock ?? systemClock
    this.#capacityBytes = options.capacityBytes ?? 2 ** 30
  }

  async stat(sha: Sha256Hex): Promise<BlobStat | null> {
    this.#assertOpen()
    const blob = this.#blobs.get(sha)
    return blob === undefined ? null : statOf(blob)
  }

  async *list(): AsyncIterable<BlobStat> {
    this.#assertOpen()
    for (const blob of this.#blobs.values()) yield statOf(blob)
  }

  async manifest(hash: Sha256Hex): Promise<Manifest | null> {
    this.#assertOpen()
    for (const { manifest } of this.#blobs.values()) if (manifest.hash === hash) return manifest
    return null
  }

  async ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<BlobDescriptor> {
    this.#assertOpen()
    const manifest = await this.#ingest(source, options)
    if (options.pin !== undefined) this.#blobs.get(manifest.blob)!.pins.add(options.pin)
    return { sha: manifest.blob, sizeBytes: manifest.sizeBytes, chunks: manifest.hash }
  }

  async begin(manifest: Manifest): Promise<PartialBlob> {
    this.#assertOpen()
    const before = this.#blobs.get(manifest.blob)
    if (before?.state === 'partial' && before.manifest.hash !== manifest.hash) {
      if (before.open > 0)
        throw new StoreError('mismatch', `blob ${manifest.blob} is being fetched with another manifest`)
      this.#blobs.delete(manifest.blob)
    }
    const blob = this.#blobs.get(manifest.blob) ?? this.#create(manifest)
    if (blob.state === 'partial') this.#assertSpace(manifest.sizeBytes - bytesHeld(blob))
    return new MemoryPartial(this, blob, manifest)
  }

  async reader(sha: Sha256Hex): Promise<BlobReader> {
    const blob = this.#get(sha)
    blob.usedAt = this.#clock.now()
    return new MemoryReader(blob)
  }

  async locate(chunk: Sha256Hex): Promise<ChunkLocation | null> {
    this.#assertOpen()
    for (const { manifest, held } of this.#blobs.values()) {
      const chunkIndex = manifest.chunks.findIndex((ref, index) => ref.sha === chunk && held.has(index))
      const ref = manifest.chunks[chunkIndex]
      if (ref) return { blob: manifest.blob, chunkIndex, offset: ref.offset, length: ref.length }
    }
    return null
  }

  /** Always a copy. */
  async materialise(sha: Sha256Hex, path: string, options: { mode?: number; signal?: AbortSignal }): Promise<void> {
    const blob = this.#get(sha)
    options.signal?.throwIfAborted()
    if (blob.state !== 'complete') throw notFound(sha)
    await mkdir(dirname(path), { recursive: true })
    await writeFileAtomic(path, Buffer.concat(blob.chunks as Uint8Array[]))
    await chmod(path, options.mode ?? 0o644)
    blob.usedAt = this.#clock.now()
  }

  async pin(sha: Sha256Hex, owner: string): Promise<void> {
    const blob = this.#get(sha)
    blob.pins.add(owner)
    blob.usedAt = this.#clock.now()
  }

  async unpin(sha: Sha256Hex, owner: string): Promise<void> {
    this.#assertOpen()
    this.#blobs.get(sha)?.pins.delete(owner)
  }

  async collect(options: CollectOptions): Promise<{ removed: BlobStat[]; freedBytes: number }> {
    this.#assertOpen()
    const stats = [...this.#blobs.values()].map(statOf)
    const removed = chooseRemovals(stats, options, ({ sha }) => this.#blobs.get(sha)!.open > 0)
    if (options.dryRun !== true) for (const { sha } of removed) await this.remove(sha)
    return { removed, freedBytes: removed.reduce((sum, stat) => sum + stat.bytesHeld, 0) }
  }

  async remove(sha: Sha256Hex): Promise<boolean> {
    this.#assertOpen()
    const blob = this.#blobs.get(sha)
    if (blob === undefined || blob.pins.size > 0 || blob.open > 0) return false
    this.#blobs.delete(sha)
    this.#tell({ type: 'removed', sha })
    return true
  }

  async usage(): ReturnType<BlobStore['usage']> {
    const sum = { blobs: 0, bytes: 0, partialBytes: 0 }
    for await (const stat of this.list()) {
      if (stat.state === 'partial') sum.partialBytes += stat.bytesHeld
      else {
        sum.blobs++
        sum.bytes += stat.sizeBytes
      }
    }
    return {
      ...sum,
      diskFreeBytes: this.#capacityBytes - sum.bytes - sum.partialBytes,
      diskSizeBytes: this.#capacityBytes,
    }
  }

  onChange(listener: (event: StoreChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#blobs.clear()
  }

  complete(blob: MemoryBlob): void {
    const { manifest } = blob
    if (blob.state === 'complete') return
    if (!blob.held.isFull) {
      throw new StoreError(
        'not-found',
        `blob ${manifest.blob} misses ${blob.held.length - blob.held.count} chunks; fetch them first`,
      )
    }
    if (manifestOf(Buffer.concat(blob.chunks as Uint8Array[])).blob !== manifest.blob) {
      this.#blobs.delete(manifest.blob)
      throw new StoreError('mismatch', `chunk manifest ${manifest.hash} does not describe blob ${manifest.blob}`)
    }
    blob.state = 'complete'
    blob.addedAt = blob.usedAt = this.#clock.now()
    this.#tell({ type: 'complete', sha: manifest.blob })
  }

  chunk(location: ChunkLocation): Uint8Array | undefined {
    return this.#blobs.get(location.blob)?.chunks[location.chunkIndex]
  }

  async #ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<Manifest> {
    const { maxBytes, expectedBytes, signal } = options
    signal?.throwIfAborted()
    this.#assertSpace(expectedBytes ?? 0)
    const pieces: Uint8Array[] = []
    let total = 0
    for await (const piece of source) {
      signal?.throwIfAborted()
      total += piece.byteLength
      if (total > maxBytes)
        throw new StoreError('too-large', `the blob has more than the ${maxBytes} bytes that are allowed`)
      this.#assertSpace(total)
      pieces.push(piece.slice())
      options.onProgress?.(total)
    }
    signal?.throwIfAborted()
    if (expectedBytes !== undefined && total !== expectedBytes) {
      throw new StoreError('size-changed', `${expectedBytes} bytes were announced, ${total} came; try again`)
    }
    const bytes = new Uint8Array(Buffer.concat(pieces))
    const manifest = manifestOf(bytes)
    const blob = this.#blobs.get(manifest.blob) ?? this.#create(manifest)
    manifest.chunks.forEach(({ offset, length }, index) => {
      hold(blob, index, bytes.slice(offset, offset + length))
    })
    this.complete(blob)
    return manifest
  }

  #create(manifest: Manifest): MemoryBlob {
    const now = this.#clock.now()
    const blob: MemoryBlob = {
      manifest,
      chunks: [],
      held: new Bitfield(manifest.chunks.length),
      listeners: new Set(),
      pins: new Set(),
      state: 'partial',
      addedAt: now,
      usedAt: now,
      open: 0,
    }
    this.#blobs.set(manifest.blob, blob)
    return blob
  }

  #assertSpace(bytes: number): void {
    let used = 0
    for (const blob of this.#blobs.values()) used += bytesHeld(blob)
    if (bytes > 0 && used + bytes > this.#capacityBytes) {
      throw new StoreError(
        'disk-full',
        `${bytes} bytes do not fit into the ${this.#capacityBytes - used} that are free`,
      )
    }
  }

  #get(sha: Sha256Hex): MemoryBlob {
    this.#assertOpen()
    const blob = this.#blobs.get(sha)
    if (blob === undefined) throw notFound(sha)
    return blob
  }

  #tell(event: StoreChange): void {
    for (const listener of this.#listeners) listener(event)
  }

  #assertOpen(): void {
    if (this.#closed) throw closedStore()
  }
}
