import { join } from 'node:path'
import { sha256Hex } from '#node/kit'
import { encodeManifest, type Manifest, MIN_CHUNK_BYTES, manifestOf } from '#swarm/chunk'
import { openFsStore } from '../fs-store.ts'
import { inPieces, seededBytes, writeChunks } from '../seeded-bytes.ts'
import type { BlobStore } from '../types.ts'
import { isScript } from './run-killed.ts'

/** Bytes in three chunks, though they are few: the shortest that the format allows. */
function threeChunks(seed: number): { bytes: Uint8Array; manifest: Manifest } {
  const bytes = seededBytes(2 * MIN_CHUNK_BYTES + 1000, seed)
  const digests = [0, 1, 2].map(index => {
    const chunk = bytes.subarray(index * MIN_CHUNK_BYTES, (index + 1) * MIN_CHUNK_BYTES)
    return { sha: sha256Hex(chunk), length: chunk.byteLength }
  })
  return { bytes, manifest: encodeManifest(sha256Hex(bytes), bytes.byteLength, digests) }
}

const streamed = seededBytes(400_000, 1)
const small = seededBytes(1000, 2)
const garbage = seededBytes(2000, 3)
export const BLOBS = {
  streamed: manifestOf(streamed),
  small: manifestOf(small),
  garbage: manifestOf(garbage),
  fetched: threeChunks(4).manifest,
  begun: threeChunks(5).manifest,
}

/** Everything that a store does, each step acknowledged when it is durable. May be run again after any crash. */
export async function work(store: BlobStore, folder: string, acknowledge: (line: string) => void): Promise<void> {
  await store.ingest(inPieces(streamed), { maxBytes: 1e9, pin: 'target:1' })
  acknowledge('have streamed')
  await store.ingest(inPieces(small), { maxBytes: 1e9 })
  acknowledge('have small')
  await store.pin(BLOBS.small.blob, 'lease:1')
  acknowledge('pinned small')
  await fetchPart(store, 4, [1, 0], acknowledge, 'fetched')
  const fetched = await store.begin(BLOBS.fetched)
  await writeChunks(store, fetched, threeChunks(4).bytes, [2])
  await fetched.complete()
  await store.pin(BLOBS.fetched.blob, 'target:2')
  acknowledge('have fetched')
  await fetched.close()
  await fetchPart(store, 5, [2], acknowledge, 'begun')
  await store.materialise(BLOBS.streamed.blob, join(folder, 'out', 'linked'), { share: true })
  acknowledge('materialised linked')
  await store.materialise(BLOBS.streamed.blob, join(folder, 'out', 'copied'), { share: false, mode: 0o755 })
  acknowledge('materialised copied')
  await store.ingest(inPieces(garbage), { maxBytes: 1e9 })
  acknowledge('have garbage')
  acknowledge('collecting garbage')
  await store.collect({ partial: false })
  acknowledge('collected garbage')
}

async function fetchPart(
  store: BlobStore,
  seed: number,
  indexes: number[],
  acknowledge: (line: string) => void,
  name: string,
): Promise<void> {
  const { bytes, manifest } = threeChunks(seed)
  const partial = await store.begin(manifest)
  for (const index of indexes) {
    await writeChunks(store, partial, bytes, [index])
    await partial.sync()
    acknowledge(`holds ${name} ${index}`)
  }
  await partial.close()
}

if (isScript(import.meta.url)) {
  const folder = process.argv[2] ?? ''
  const store = await openFsStore({ folder: join(folder, 'store'), workers: 1 })
  await work(store, folder, line => console.log(line))
  await store.close()
}
