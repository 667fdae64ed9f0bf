import { LOOSE_MASK, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, NORMAL_CHUNK_BYTES, STRICT_MASK } from './constants.ts'
import { GEAR } from './gear.ts'

/*
 * Content-defined chunking, format version 1: FastCDC with normalised chunking (Xia et al., "The Design of Fast
 * Content-Defined Chunking for Data Deduplication Based Storage Systems", IEEE TPDS 31(9), 2020).
 *
 * Goal: cutting the same bytes gives the same chunks everywhere, and an insertion or removal changes only the chunks it touches.
 * Non-goal: hiding lengths; boundaries are public knowledge.
 *
 * A chunk starts with hash 0 and skips MIN_CHUNK_BYTES bytes unread. For each further byte b the hash becomes
 * (hash << 1) + GEAR[b], modulo 2^32. The chunk ends after b when hash & mask is 0: STRICT_MASK while b is among the first
 * NORMAL_CHUNK_BYTES bytes of the chunk, LOOSE_MASK after that. It ends at MAX_CHUNK_BYTES in any case, and with the blob.
 * An empty blob has no chunks.
 */

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Cuts one blob that arrives in pieces of any size. Keeps no bytes, only its place in the current chunk. */
export class Chunker {
  #length = 0
  #hash = 0

  /** Bytes of the chunk that has not ended yet. */
  get pendingBytes(): number {
    return this.#length
  }

  /**
   * Goes on at `from` in `bytes`: the index just behind the chunk's last byte, or -1 when the chunk goes on
   * behind `bytes`. Call it again with that index until it answers -1, then with the next piece.
   */
  cut(bytes: Uint8Array, from = 0): number {
    const end = bytes.length
    let at = from
    if (this.#length < MIN_CHUNK_BYTES) {
      const skipped = Math.min(MIN_CHUNK_BYTES - this.#length, end - at)
      this.#length += skipped
      at += skipped
    }
    at = this.#scan(bytes, at, Math.min(end, at + NORMAL_CHUNK_BYTES - this.#length), STRICT_MASK)
    if (at < 0) return this.#ends(-at)
    at = this.#scan(bytes, at, Math.min(end, at + MAX_CHUNK_BYTES - this.#length), LOOSE_MASK)
    if (at < 0) return this.#ends(-at)
    return this.#length === MAX_CHUNK_BYTES ? this.#ends(at) : -1
  }

  /** Every boundary in `bytes`, as indexes just behind a chunk's last byte. */
  *boundaries(bytes: Uint8Array): Generator<number, void> {
    for (let at = this.cut(bytes); at >= 0; at = this.cut(bytes, at)) yield at
  }

  /** The blob is over: the length of its last chunk, 0 when it ended with a boundary or was empty. Starts anew. */
  finish(): number {
    const length = this.#length
    this.#ends(0)
    return length
  }

  #ends(at: number): number {
    this.#length = 0
    this.#hash = 0
    return at
  }

  /** Moves on to `end`, and answers it; or answers minus the index behind the byte that makes a boundary. */
  #scan(bytes: Uint8Array, start: number, end: number, mask: number): number {
    if (start >= end) return start
    const aligned = LITTLE_ENDIAN ? start + ((4 - ((bytes.byteOffset + start) & 3)) & 3) : end
    let at = this.#scanBytes(bytes, start, Math.min(aligned, end), mask)
    if (at >= 0 && end - at >= 4) at = this.#scanWords(bytes, at, end, mask)
    if (at >= 0) at = this.#scanBytes(bytes, at, end, mask)
    this.#length += Math.abs(at) - start
    return at
  }

  #scanBytes(bytes: Uint8Array, start: number, end: number, mask: number): number {
    let hash = this.#hash
    for (let at = start; at < end; at++) {
      hash = ((hash << 1) + GEAR[bytes[at]!]!) | 0
      if ((hash & mask) === 0) return -(at + 1)
    }
    this.#hash = hash
    return end
  }

  /** Four bytes a step: one load instead of four, and four hashes that do not wait for each other (a quarter faster). */
  #scanWords(bytes: Uint8Array, start: number, end: number, mask: number): number {
    const count = (end - start) >> 2
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, count)
    let hash = this.#hash
    for (let i = 0; i < count; i++) {
      const word = words[i]!
      const sum0 = GEAR[word & 0xff]!
      const sum1 = ((sum0 << 1) + GEAR[(word >>> 8) & 0xff]!) | 0
      const sum2 = ((sum1 << 1) + GEAR[(word >>> 16) & 0xff]!) | 0
      const sum3 = ((sum2 << 1) + GEAR[word >>> 24]!) | 0
      const hash0 = ((hash << 1) + sum0) | 0
      const hash1 = ((hash << 2) + sum1) | 0
      const hash2 = ((hash << 3) + sum2) | 0
      hash = ((hash << 4) + sum3) | 0
      if ((hash0 & mask) === 0) return -(start + 4 * i + 1)
      if ((hash1 & mask) === 0) return -(start + 4 * i + 2)
      if ((hash2 & mask) === 0) return -(start + 4 * i + 3)
      if ((hash & mask) === 0) return -(start + 4 * i + 4)
    }
    this.#hash = hash
    return start + 4 * count
  }
}

/** Lengths of the chunks of bytes that are in memory as a whole. */
export function chunkLengths(bytes: Uint8Array): number[] {
  const chunker = new Chunker()
  const lengths: number[] = []
  let start = 0
  for (const end of chunker.boundaries(bytes)) {
    lengths.push(end - start)
    start = end
  }
  const last = chunker.finish()
  if (last > 0) lengths.push(last)
  return lengths
}
