import { ByteReader, concatBytes, encodeVarint, fromHex, messageOf, sha256, sha256Hex, toHex } from '#node/kit'
import { chunkLengths } from './chunker.ts'
import { MANIFEST_VERSION, MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES, MIN_CHUNK_BYTES } from './constants.ts'
import { ChunkError } from './errors.ts'
import type { ChunkRef, Manifest, Sha256Hex } from './types.ts'

/*
 * Chunk manifest, format version 1.
 *
 *   version      varint, 1
 *   blob size    varint, bytes
 *   blob hash    32 bytes, SHA-256
 *   chunk count  varint
 *   then for each chunk in order: SHA-256 (32 bytes), length (varint)
 *
 * Varints are unsigned LEB128 in shortest form. Every chunk is at most 1 MiB long and all but the last at least 64 KiB; the
 * lengths add up to the blob size, so an empty blob has none. At most 16 MiB encoded; nothing follows the last chunk.
 * The manifest's name is the SHA-256 of exactly these bytes. Whoever has that name from a signed catalog entry can verify
 * each chunk alone; that the chunks together are the blob still has to be proven by the blob hash.
 */

const SHA_BYTES = 32
const SMALLEST_ROW_BYTES = SHA_BYTES + 1

export interface ChunkDigest {
  readonly sha: Sha256Hex
  readonly length: number
}

/** @throws RangeError when the lengths break the bounds of the format; ChunkError "too-large" when the manifest would be */
export function encodeManifest(blob: Sha256Hex, sizeBytes: number, digests: Iterable<ChunkDigest>): Manifest {
  const rows: Uint8Array[] = []
  const chunks: ChunkRef[] = []
  let offset = 0
  for (const { sha, length } of digests) {
    checkLength(chunks.at(-1)?.length, length)
    rows.push(rawSha(sha), encodeVarint(length))
    chunks.push({ sha, offset, length })
    offset += length
  }
  checkSum(offset, sizeBytes)
  const head = [encodeVarint(MANIFEST_VERSION), encodeVarint(sizeBytes), rawSha(blob), encodeVarint(chunks.length)]
  const bytes = concatBytes(...head, concatAll(rows))
  checkManifestSize(bytes.byteLength)
  return { hash: sha256Hex(bytes), blob, sizeBytes, chunks, bytes }
}

/**
 * Reads a manifest that came from outside. The given bytes are kept, not copied.
 * @throws ChunkError 'malformed' or 'too-large'
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  checkManifestSize(bytes.byteLength)
  try {
    return read(bytes)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ChunkError('malformed', `this is not a chunk manifest: ${messageOf(error)}`, { cause: error })
  }
}

function read(bytes: Uint8Array): Manifest {
  const reader = new ByteReader(bytes)
  const version = reader.varint()
  if (version !== MANIFEST_VERSION) {
    throw new RangeError(`it has format version ${version}, this program reads ${MANIFEST_VERSION}`)
  }
  const sizeBytes = reader.varint()
  const blob = toHex(reader.bytes(SHA_BYTES))
  const count = reader.varint()
  if (count > reader.remaining / SMALLEST_ROW_BYTES) throw new RangeError('it is shorter than its chunk count')
  const chunks: ChunkRef[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    const sha = toHex(reader.bytes(SHA_BYTES))
    const length = reader.varint(MAX_CHUNK_BYTES)
    checkLength(chunks[i - 1]?.length, length)
    chunks.push({ sha, offset, length })
    offset += length
  }
  checkSum(offset, sizeBytes)
  reader.end()
  return { hash: sha256Hex(bytes), blob, sizeBytes, chunks, bytes }
}

/** Chunks and hashes bytes that are in memory as a whole. */
export function manifestOf(bytes: Uint8Array): Manifest {
  const digests: ChunkDigest[] = []
  let offset = 0
  for (const length of chunkLengths(bytes)) {
    digests.push({ sha: sha256Hex(bytes.subarray(offset, offset + length)), length })
    offset += length
  }
  return encodeManifest(sha256Hex(bytes), bytes.byteLength, digests)
}

/** True when the bytes are exactly the chunk's. */
export function verifyChunk(chunk: ChunkDigest, bytes: Uint8Array): boolean {
  return bytes.byteLength === chunk.length && toHex(sha256(bytes)) === chunk.sha
}

/** @throws ChunkError 'too-large' */
export function checkManifestSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_MANIFEST_BYTES) return
  throw new ChunkError(
    'too-large',
    `the chunk manifest has ${sizeBytes} bytes and the limit is ${MAX_MANIFEST_BYTES}; split the blob into smaller ones`,
  )
}

function checkLength(before: number | undefined, length: number): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_CHUNK_BYTES) {
    throw new RangeError(`a chunk has ${length} bytes, allowed are 1 to ${MAX_CHUNK_BYTES}`)
  }
  if (before !== undefined && before < MIN_CHUNK_BYTES) {
    throw new RangeError(`a chunk before the last has ${before} bytes, fewer than ${MIN_CHUNK_BYTES}`)
  }
}

function checkSum(sum: number, sizeBytes: number): void {
  if (sum !== sizeBytes) throw new RangeError(`its chunks add up to ${sum} bytes, the blob has ${sizeBytes}`)
}

function rawSha(sha: Sha256Hex): Uint8Array {
  const raw = fromHex(sha)
  if (raw.byteLength !== SHA_BYTES) throw new RangeError(`'${sha}' is not a SHA-256 in hex`)
  return raw
}

function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
