import type { Manifest } from '#swarm/chunk'
import { StoreError } from './errors.ts'
import type { OpenBlob } from './open-blob.ts'
import type { OpenBlobs } from './open-blobs.ts'
import type { Allocate, BlobReader, PartialBlob, PooledBuffer } from './types.ts'

abstract class Handle {
  protected readonly blob: OpenBlob
  protected readonly others: OpenBlobs
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | null = null

  constructor(blob: OpenBlob, others: OpenBlobs) {
    this.blob = blob
    this.others = others
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.others.release(this.blob))
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  protected assertOpen(): void {
    if (this.#closing !== null) throw new StoreError('closed', `this handle of blob ${this.blob.row.sha} was closed`)
  }

  protected async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen()
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }
}

export class PartialHandle extends Handle implements PartialBlob {
  readonly manifest: Manifest
  readonly #complete: (blob: OpenBlob) => Promise<void>
  readonly #unsubscribe = new Set<() => void>()

  constructor(blob: OpenBlob, others: OpenBlobs, complete: (blob: OpenBlob) => Promise<void>, manifest: Manifest) {
    super(blob, others)
    this.#complete = complete
    this.manifest = manifest
  }

  has(chunkIndex: number): boolean {
    if (this.blob.isComplete) return chunkIndex >= 0 && chunkIndex < this.manifest.chunks.length
    return this.blob.has(chunkIndex)
  }

  get chunksHeld(): number {
    return this.blob.isComplete ? this.manifest.chunks.length : this.blob.chunksHeld
  }

  async write(chunkIndex: number, bytes: PooledBuffer): Promise<void> {
    try {
      this.assertOpen()
    } catch (error) {
      bytes.release()
      throw error
    }
    await this.run(() => this.blob.write(chunkIndex, bytes))
  }

  reusable(chunkIndexes: readonly number[]): Promise<ReadonlySet<number>> {
    return this.run(() => this.others.knownElsewhere(this.manifest, chunkIndexes))
  }

  reuse(chunkIndex: number): Promise<boolean> {
    return this.run(async () => {
      if (this.has(chunkIndex)) return true
      const chunk = this.manifest.chunks[chunkIndex]
      if (chunk === undefined) return false
      for await (const location of this.others.locations(chunk.sha)) {
        const copied = await this.others.lend(location, source => this.blob.copyFrom(chunkIndex, source, location))
        if (copied) return true
      }
      return false
    })
  }

  sync(): Promise<void> {
    return this.run(() => this.blob.sync())
  }

  complete(): Promise<void> {
    return this.run(() => this.#complete(this.blob))
  }

  onChunk(listener: (chunkIndex: number) => void): () => void {
    const unsubscribe = this.blob.onChunk(listener)
    this.#unsubscribe.add(unsubscribe)
    return () => {
      unsubscribe()
      this.#unsubscribe.delete(unsubscribe)
    }
  }

  override close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    return super.close()
  }
}

export class ReaderHandle extends Handle implements BlobReader {
  get sizeBytes(): number {
    return this.blob.row.sizeBytes
  }

  get manifest(): Manifest {
    return this.blob.manifest
  }

  has(chunkIndex: number): boolean {
    return this.blob.has(chunkIndex)
  }

  readChunk(chunkIndex: number, offset: number, length: number, allocate?: Allocate): Promise<Uint8Array> {
    return this.run(() => this.blob.readChunk(chunkIndex, offset, length, allocate))
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.run(() => readRange(this.blob.manifest, offset, length, (...range) => this.blob.readChunk(...range)))
  }
}

/** Puts a range together from its chunks. @throws RangeError outside the blob */
export async function readRange(
  manifest: Manifest,
  offset: number,
  length: number,
  readChunk: (chunkIndex: number, offset: number, length: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > manifest.sizeBytes) {
    throw new RangeError(`bytes ${offset} to ${offset + length} are outside a blob of ${manifest.sizeBytes} bytes`)
  }
  const parts: Uint8Array[] = []
  let index = chunkAt(manifest, offset)
  for (let at = offset; at < offset + length; index++) {
    const chunk = manifest.chunks[index]!
    const within = at - chunk.offset
    const count = Math.min(chunk.length - within, offset + length - at)
    parts.push(await readChunk(index, within, count))
    at += count
  }
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
}

/** Index of the chunk that has the byte; 0 in an empty blob. */
function chunkAt({ chunks }: Manifest, offset: number): number {
  let low = 0
  let high = chunks.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (chunks[middle]!.offset <= offset) low = middle
    else high = middle - 1
  }
  return low
}
