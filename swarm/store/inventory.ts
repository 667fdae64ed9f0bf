import type { Sha256Hex } from '#swarm/chunk'
import { statOfRow } from './blob-stat.ts'
import type { OpenBlobs } from './open-blobs.ts'
import type { Parts } from './parts.ts'
import type { BlobRow } from './rows.ts'
import type { BlobStat, BlobStore } from './types.ts'
import type { UseTimes } from './use-times.ts'

/** What is in the file store: the index, with what open blobs hold and when blobs were used that is not recorded yet. */
export class Inventory {
  readonly #parts: Parts
  readonly #open: OpenBlobs
  readonly #uses: UseTimes

  constructor(parts: Parts, open: OpenBlobs, uses: UseTimes) {
    this.#parts = parts
    this.#open = open
    this.#uses = uses
  }

  async stat(sha: Sha256Hex): Promise<BlobStat | null> {
    const row = await this.#parts.index.row(sha)
    return row === null || row.state === 'removing' ? null : this.#statOf(row)
  }

  async *list(): AsyncGenerator<BlobStat, void> {
    for await (const row of this.#parts.index.rows()) if (row.state !== 'removing') yield await this.#statOf(row)
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
    const { freeBytes, sizeBytes } = await this.#parts.space.size()
    return { ...sum, diskFreeBytes: freeBytes, diskSizeBytes: sizeBytes }
  }

  #statOf(row: BlobRow): Promise<BlobStat> {
    const { sha, usedAt } = row
    return statOfRow(this.#parts.index, row, this.#uses.latest(sha, usedAt), this.#open.get(sha))
  }
}
