import { createCipheriv, createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { MiB } from './types.ts'

const BLOCK_BYTES = 4 * MiB

/** Bytes that do not compress and are the same for the same seed: an AES-128-CTR key stream. Do not keep what it yields. */
export function* randomBlocks(seed: string, sizeBytes: number): Generator<Uint8Array> {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  const zeros = Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes))
  for (let left = sizeBytes; left > 0; left -= BLOCK_BYTES) yield cipher.update(zeros.subarray(0, left))
}

export function randomBytesOf(seed: string, sizeBytes: number): Uint8Array {
  return Buffer.concat([...randomBlocks(seed, sizeBytes)].map(block => Buffer.from(block)))
}

/** The file is synced, so that its writing does not go on while something is measured. */
export async function writeRandomFile(path: string, seed: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const block of randomBlocks(seed, sizeBytes)) await file.write(block)
    await file.sync()
  } finally {
    await file.close()
  }
}
