import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { notFound } from './errors.ts'
import { OpenBlob } from './open-blob.ts'
import type { Parts } from './parts.ts'
import type { BlobRow } from './rows.ts'
import type { ChunkLocation } from './types.ts'

/** Blobs that somebody has open, each once, counted by reference. */
export class OpenBlobs {
  readonly #parts: Parts
  readonly #open = new Map<Sha256Hex, OpenBlob>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get(sha: Sha256Hex): OpenBlob | undefined {
    return this.#open.get(sha)
  }

  has(sha: Sha256Hex): boolean {
    return this.#open.has(sha)
  }

  /** The blob with one more reference; call it with its lock. */
  async take(sha: Sha256Hex, offered?: Manifest): Promise<OpenBlob> {
    let blob = this.#open.get(sha)
    if (blob === undefined) {
      const row = await this.#parts.index.row(sha)
      if (row === null || row.state === 'removing') throw notFound(sha)
      blob = await OpenBlob.open(this.#parts, row, await this.#manifestOf(row, offered))
      this.#open.set(sha, blob)
    }
    blob.refs++
    return blob
  }

  /** Call it with the blob's lock. Until its last chunks are recorded, a blob that closes is still the one to ask about them. */
  async giveBack(blob: OpenBlob): Promise<void> {
    blob.refs--
    if (blob.refs > 0 || this.#open.get(blob.row.sha) !== blob) return
    try {
      await blob.close()
    } finally {
      this.#open.delete(blob.row.sha)
    }
  }

  async #manifestOf(row: BlobRow, offered: Manifest | undefined): Promise<Manifest> {
    const { index, log } = this.#parts
    const stored = await index.manifest(row.chunks)
    if (stored !== null && describes(stored, row)) return stored
    if (offered?.hash === row.chunks && describes(offered, row)) {
      await index.add(row, offered)
      return offered
    }
    log.warn(
      'row-damaged',
      { blob: row.sha },
      `The index has no right chunk manifest for blob ${row.sha}; push or fetch it again.`,
    )
    throw notFound(row.sha)
  }

  async release(blob: OpenBlob): Promise<void> {
    await this.#parts.locks.run(blob.row.sha, () => this.giveBack(blob))
  }

  /** Lends another blob that may hold the chunk, until the work ends; null when it does not. */
  async lend<T>(location: ChunkLocation, work: (source: OpenBlob) => Promise<T>): Promise<T | null> {
    const blob = await this.#parts.locks.run(location.blob, () => this.take(location.blob).catch(() => null))
    if (blob === null) return null
    try {
      return blob.has(location.chunkIndex) ? await work(blob) : null
    } finally {
      await this.release(blob)
    }
  }

  /** Those of a manifest's chunks that another blob may hold. */
  async knownElsewhere({ blob, chunks }: Manifest, indexes: readonly number[]): Promise<Set<number>> {
    const shaOf = (index: number): Sha256Hex => chunks[index]?.sha ?? ''
    const known = await this.#parts.index.knownElsewhere(indexes.map(shaOf), blob)
    return new Set(indexes.filter(index => known.has(shaOf(index))))
  }

  /** Where a chunk lies and is held. */
  async *locations(chunk: Sha256Hex): AsyncGenerator<ChunkLocation, void> {
    for await (const location of this.#parts.index.locations(chunk)) {
      const open = this.#open.get(location.blob)
      if (open !== undefined) {
        if (open.has(location.chunkIndex)) yield location
        continue
      }
      const row = await this.#parts.index.row(location.blob)
      if (row?.state === 'complete') yield location
      else if (row?.state === 'partial' && (await this.#parts.index.held(row)).has(location.chunkIndex)) yield location
    }
  }

  async closeAll(): Promise<void> {
    for (const blob of this.#open.values()) await blob.close()
    this.#open.clear()
  }
}

function describes(manifest: Manifest, row: BlobRow): boolean {
  return manifest.blob === row.sha && manifest.sizeBytes === row.sizeBytes && manifest.chunks.length === row.chunkCount
}
