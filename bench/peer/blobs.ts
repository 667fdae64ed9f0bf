import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromHex, toHex } from '#node/kit'
import { decodeManifest } from '#swarm/chunk'
import type { FetchReport } from '#swarm/exchange'
import type { BlobDescriptor } from '#swarm/store'
import { MiB } from '../harness/types.ts'
import { member } from './life.ts'

const REMOVE_WITHIN_MS = 10_000

export async function ingest({ path, sizeBytes }: { path: string; sizeBytes: number }) {
  const { store } = member()
  const source = createReadStream(path, { highWaterMark: MiB })
  const blob = await store.ingest(source, { maxBytes: sizeBytes, expectedBytes: sizeBytes })
  const manifest = await store.manifest(blob.chunks)
  if (manifest === null) throw new Error('the manifest of a blob that was just stored is missing')
  return { blob, manifest: toHex(manifest.bytes), chunkCount: manifest.chunks.length }
}

/** Takes only those chunks of a file's blob whose number modulo `of` is among `parts`. */
export async function hold(options: { manifest: string; path: string; parts: number[]; of: number }): Promise<void> {
  const { store } = member()
  const manifest = decodeManifest(fromHex(options.manifest))
  const partial = await store.begin(manifest)
  const file = await open(options.path, 'r')
  try {
    for (const [index, { offset, length }] of manifest.chunks.entries()) {
      if (!options.parts.includes(index % options.of)) continue
      const buffer = await store.buffers.acquire(length)
      await file.read(buffer.bytes, 0, length, offset)
      await partial.write(index, buffer)
    }
    await partial.sync()
  } finally {
    await file.close()
    await partial.close()
  }
}

/** What `pull` does once the catalog has named the blob: fetch, verify, sync, and put the file in its place. */
export async function pull({ blob, path }: { blob: BlobDescriptor; path: string }) {
  const { exchange, store } = member()
  const startedAt = performance.now()
  const report: FetchReport = await exchange.fetch(blob, { priority: 'pull' })
  await store.materialise(blob.sha, path, { share: true, mode: 0o644 })
  return { ms: performance.now() - startedAt, report }
}

/** Forgets a blob that was pulled; waits until nobody reads it any more. */
export async function forget({ sha, path }: { sha: string; path: string }): Promise<void> {
  const { store } = member()
  await rm(path, { force: true })
  const deadline = performance.now() + REMOVE_WITHIN_MS
  for (;;) {
    await store.remove(sha)
    if ((await store.stat(sha)) === null) return
    if (performance.now() > deadline) throw new Error(`blob ${sha} is still in use`)
    await sleep(20)
  }
}
