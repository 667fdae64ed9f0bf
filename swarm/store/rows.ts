import type { Sha256Hex } from '#swarm/chunk'
import type { FileStamp } from './stamp.ts'

/**
 * What the index keeps about one blob.
 *
 * - `partial`: bytes in `partial/<sha>`, which of them in the `held` bitfield
 * - `complete`: bytes in `blobs/<aa>/<sha>`
 * - `removing`: the file goes next, then this row
 */
export interface BlobRow {
  readonly sha: Sha256Hex
  readonly sizeBytes: number
  /** Hash of the chunk manifest. */
  readonly chunks: Sha256Hex
  readonly chunkCount: number
  readonly state: 'partial' | 'complete' | 'removing'
  readonly addedAt: number
  readonly usedAt: number
  readonly pins: readonly string[]
  /** How the file looked when every byte of it had been verified; null when that has to be done again. */
  readonly stamp: FileStamp | null
}

export function withPin(row: BlobRow, owner: string): BlobRow {
  return row.pins.includes(owner) ? row : { ...row, pins: [...row.pins, owner].sort() }
}

export function withoutPin(row: BlobRow, owner: string): BlobRow {
  return row.pins.includes(owner) ? { ...row, pins: row.pins.filter(pin => pin !== owner) } : row
}
