import { isHex } from '#node/kit'
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

/** Null for anything that is not a row of this blob: the database may have been damaged or tampered with. */
export function parseRow(sha: Sha256Hex, text: string): BlobRow | null {
  let value: Partial<BlobRow>
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || value.sha !== sha || !isHex(value.chunks, 32)) return null
  const { sizeBytes, chunkCount, state, addedAt, usedAt, pins, stamp, chunks } = value
  if (!isCount(sizeBytes) || !isCount(chunkCount) || !isCount(addedAt) || !isCount(usedAt)) return null
  if (state !== 'partial' && state !== 'complete' && state !== 'removing') return null
  if (!Array.isArray(pins) || pins.some(pin => typeof pin !== 'string')) return null
  if (stamp === undefined || (stamp !== null && typeof stamp !== 'object')) return null
  return { sha, sizeBytes, chunks, chunkCount, state, addedAt, usedAt, pins, stamp }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
