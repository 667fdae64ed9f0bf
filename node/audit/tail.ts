import { open } from 'node:fs/promises'
import { type Link, MAX_LINE_BYTES, NO_HASH, parseEntry } from './entry.ts'
import type { Segment } from './segments.ts'

/** Where the log ends. */
export interface Tail extends Link {
  /** The file that the next entry belongs to; null for a new one. */
  readonly segment: Segment | null
  /** Of that file, up to its last entry. */
  readonly sizeBytes: number
}

/** What stands behind the last entry of the newest file and is none: a line that was not finished, or what somebody left. */
export interface Debris {
  readonly segment: Segment
  readonly start: number
  readonly bytes: Uint8Array
}

export const NO_TAIL: Tail = { seq: 0, hash: NO_HASH, segment: null, sizeBytes: 0 }

/** The end of a log whose files are given the oldest first. Debris is found in the files behind the one that has the last entry. */
export async function findTail(segments: readonly Segment[]): Promise<{ tail: Tail; debris: readonly Debris[] }> {
  const debris: Debris[] = []
  for (const segment of segments.toReversed()) {
    const end = (await endOf(segment, 2 * MAX_LINE_BYTES)) ?? (await endOf(segment, Number.POSITIVE_INFINITY))
    if (end === null) continue
    if (end.bytes.byteLength > 0) debris.push({ segment, start: end.start, bytes: end.bytes })
    if (end.link !== null) return { tail: { ...end.link, segment, sizeBytes: end.start }, debris }
  }
  return { tail: NO_TAIL, debris }
}

interface End {
  readonly link: Link | null
  /** Behind the last entry. */
  readonly start: number
  readonly bytes: Uint8Array
}

/** Looks at no more than the last `maxBytes`; null when no entry begins there and the file is longer. */
async function endOf({ path }: Segment, maxBytes: number): Promise<End | null> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const length = Math.min(size, maxBytes)
  const offset = size - length
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
  let end = buffer.lastIndexOf(0x0a)
  while (end >= 0) {
    const start = end === 0 ? 0 : buffer.lastIndexOf(0x0a, end - 1) + 1
    const isWhole = start > 0 || offset === 0
    const entry = isWhole ? parseEntry(buffer.toString('utf8', start, end)) : null
    if (entry !== null) {
      return { link: { seq: entry.seq, hash: entry.hash }, start: offset + end + 1, bytes: buffer.subarray(end + 1) }
    }
    end = start - 1
  }
  return offset === 0 ? { link: null, start: 0, bytes: buffer } : null
}
