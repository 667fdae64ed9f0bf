import type { Manifest, Sha256Hex } from '#swarm/chunk'

/** What a catalog entry says about one blob. */
export interface BlobDescriptor {
  readonly sha: Sha256Hex
  readonly sizeBytes: number
  /** Hash of the chunk manifest. */
  readonly chunks: Sha256Hex
}

export interface BlobStat extends BlobDescriptor {
  readonly state: 'partial' | 'complete'
  readonly chunkCount: number
  readonly chunksHeld: number
  readonly bytesHeld: number
  /** Unix ms: when it became complete (or was begun), and when it was last read or pinned. */
  readonly addedAt: number
  readonly usedAt: number
  readonly pins: readonly string[]
}

/**
 * Blobs on this machine. Promises of every implementation (`compliance.ts` checks them):
 *
 * - A method that resolved is durable: it survives kill -9 and power loss at any later moment. One that did not resolve
 *   left nothing that the next start does not clear or resume.
 * - Bytes that were not verified against their chunk hash are never returned by a reader.
 * - Every method may be retried; `begin`, `ingest`, `remove`, `pin`, `unpin` are idempotent.
 * - Memory is bounded by the buffer pool, whatever the size of blobs and the number of callers.
 *
 * @throws StoreError: not-found, corrupt (the bytes on disk do not verify; quarantined and logged), disk-full, too-large,
 *   size-changed, mismatch, locked, closed
 */
export interface BlobStore {
  stat(sha: Sha256Hex): Promise<BlobStat | null>
  list(): AsyncIterable<BlobStat>
  /** By the manifest's own hash. */
  manifest(hash: Sha256Hex): Promise<Manifest | null>

  /** Chunks, hashes and stores a stream of unknown content. Bytes that are already here are not stored twice. */
  ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<BlobDescriptor>

  /** Opens or resumes the partial copy that the manifest describes; a complete blob opens with every chunk held. */
  begin(manifest: Manifest): Promise<PartialBlob>

  /** Reads verified bytes of a complete or partial blob. */
  reader(sha: Sha256Hex): Promise<BlobReader>

  /** Where verified copies of a chunk lie on this machine, in any blob. */
  locate(chunk: Sha256Hex): Promise<ChunkLocation | null>

  /** Puts a complete blob at `path` (a hard link where `path` is on the same file system and `share` is set, else a copy), atomically. */
  materialise(
    sha: Sha256Hex,
    path: string,
    options: { share: boolean; mode?: number; signal?: AbortSignal },
  ): Promise<void>

  /** A blob with a pin is never collected. `owner` names the reason, for example `target:<artifact id>` or `lease:<id>`. */
  pin(sha: Sha256Hex, owner: string): Promise<void>
  unpin(sha: Sha256Hex, owner: string): Promise<void>

  /** Removes blobs (complete or partial) without pins and readers that match; answers what was or would be removed. */
  collect(options: CollectOptions): Promise<{ removed: BlobStat[]; freedBytes: number }>
  /** Removes one blob, unless pinned. */
  remove(sha: Sha256Hex): Promise<boolean>

  /** Bytes of buffers in flight are taken from this pool, which bounds the memory of every transfer together. */
  readonly buffers: BufferPool
  usage(): Promise<{ blobs: number; bytes: number; partialBytes: number; diskFreeBytes: number; diskSizeBytes: number }>
  /** Told after a blob became complete or was removed. */
  onChange(listener: (event: { type: 'complete' | 'removed'; sha: Sha256Hex }) => void): () => void
  close(): Promise<void>
}

export interface IngestOptions {
  /** Refuse more than this many bytes. */
  maxBytes: number
  /** Refuse when the stream ends with another size. */
  expectedBytes?: number
  /** Pinned from the moment it is complete. */
  pin?: string
  signal?: AbortSignal | undefined
  onProgress?: (bytesDone: number) => void
}

export interface PartialBlob {
  readonly manifest: Manifest
  /** Held by us and verified; readable by others now. */
  has(chunkIndex: number): boolean
  readonly chunksHeld: number
  /**
   * Verifies `bytes` (a buffer of `buffers.acquire`, filled with exactly the chunk) against the chunk's hash and writes it,
   * off the event loop. Takes the buffer over and releases it, whatever the outcome. When it resolves the chunk can be
   * served; it survives a crash after the next `sync`, which happens by itself at least every second or 64 MiB.
   * @throws StoreError 'mismatch': the bytes are not the chunk's; nothing was written
   */
  write(chunkIndex: number, bytes: PooledBuffer): Promise<void>
  /** Of these chunks, those that another local blob seems to have: the ones that `reuse` is worth trying with. */
  reusable(chunkIndexes: readonly number[]): Promise<ReadonlySet<number>>
  /** Copies the chunk from a local blob that has it; false when none does (or its bytes no longer verify). */
  reuse(chunkIndex: number): Promise<boolean>
  sync(): Promise<void>
  /**
   * When every chunk is held: verifies the whole blob's SHA-256 (kept up while chunks arrive), syncs, and moves it to its
   * place. @throws StoreError 'mismatch': the manifest lied about the blob; the partial copy is dropped
   */
  complete(): Promise<void>
  /** Told after each chunk that became readable. */
  onChunk(listener: (chunkIndex: number) => void): () => void
  /** Releases the handle; what is held stays for the next `begin`. */
  close(): Promise<void>
}

/** Memory of so many bytes. */
export type Allocate = (length: number) => Uint8Array

export interface BlobReader extends AsyncDisposable {
  readonly sizeBytes: number
  readonly manifest: Manifest
  has(chunkIndex: number): boolean
  /**
   * Bytes within one chunk. The returned view is the caller's; it is not reused. `allocate` may be asked for the memory, so that
   * a caller that reads much can use the same again; what it answered is the caller's again when this settles.
   * @throws StoreError 'not-found' when the chunk is not held, 'corrupt' when it no longer verifies
   */
  readChunk(chunkIndex: number, offset: number, length: number, allocate?: Allocate): Promise<Uint8Array>
  /** Bytes anywhere in a complete blob. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

export interface ChunkLocation {
  readonly blob: Sha256Hex
  readonly chunkIndex: number
  readonly offset: number
  readonly length: number
}

export interface CollectOptions {
  /** Not used since this Unix ms. */
  usedBefore?: number
  /** Stop when this much was freed; least recently used first. */
  freeBytes?: number
  /** Also partial blobs. Default: true. */
  partial?: boolean
  keep?: (blob: BlobStat) => boolean
  dryRun?: boolean
}

/** `bytes` is a view over shared memory, so that workers hash and write it without a copy. */
export interface PooledBuffer {
  readonly bytes: Uint8Array
  release(): void
}

export interface BufferPool {
  readonly capacityBytes: number
  /** Waits, in order, until `length` bytes are free. @throws when the signal fires */
  acquire(length: number, options?: { signal?: AbortSignal | undefined }): Promise<PooledBuffer>
  /** Without waiting; null when the pool is used up. */
  tryAcquire(length: number): PooledBuffer | null
}
