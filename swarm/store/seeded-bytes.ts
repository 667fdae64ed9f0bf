import { seededRandom } from '#node/kit'
import type { BlobStore, PartialBlob, PooledBuffer } from './types.ts'

/** For tests: bytes that depend on the seed only. */
export function seededBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
  return new Uint8Array(words.buffer, 0, length)
}

/** For tests: bytes as a stream. */
export async function* inPieces(bytes: Uint8Array, pieceBytes = 60_000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** For tests: a buffer of the store's pool with one chunk of the blob. */
export async function chunkBuffer(
  store: BlobStore,
  { manifest }: Pick<PartialBlob, 'manifest'>,
  blob: Uint8Array,
  index: number,
): Promise<PooledBuffer> {
  const { offset, length } = manifest.chunks[index]!
  const buffer = await store.buffers.acquire(length)
  buffer.bytes.set(blob.subarray(offset, offset + length))
  return buffer
}

/** For tests: writes chunks of a blob that is in memory. */
export async function writeChunks(
  store: BlobStore,
  partial: PartialBlob,
  blob: Uint8Array,
  indexes: Iterable<number>,
): Promise<void> {
  for (const index of indexes) await partial.write(index, await chunkBuffer(store, partial, blob, index))
}
