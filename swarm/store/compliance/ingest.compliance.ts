import { expect, it } from 'vitest'
import { sha256Hex } from '#node/kit'
import { manifestOf } from '#swarm/chunk'
import { inPieces, seededBytes } from '../seeded-bytes.ts'
import { all, bytes, LIMIT, manifest, put, type StartStore } from './fixture.ts'

/** Streams of unknown content. */
export function ingest(start: StartStore): void {
  it('stores a stream and answers its hash, size and manifest', async () => {
    const store = await start()
    const blob = await put(store, bytes)
    expect(blob).toEqual({ sha: sha256Hex(bytes), sizeBytes: bytes.byteLength, chunks: manifest.hash })
    expect(await store.stat(blob.sha)).toMatchObject({
      state: 'complete',
      chunksHeld: all.length,
      bytesHeld: bytes.byteLength,
    })
    expect((await store.manifest(blob.chunks))?.bytes).toEqual(manifest.bytes)
  })

  it.each([0, 1, 256 * 1024, 256 * 1024 + 1])('stores a blob of %i bytes', async size => {
    const store = await start()
    const content = seededBytes(size, 2)
    const blob = await put(store, content)
    expect(blob).toEqual({ sha: sha256Hex(content), sizeBytes: size, chunks: manifestOf(content).hash })
    await using reader = await store.reader(blob.sha)
    expect(sha256Hex(await reader.read(0, size))).toBe(blob.sha)
  })

  it('answers the same for a stream that it has already, whatever the pieces', async () => {
    const store = await start()
    const first = await put(store, bytes)
    expect(await store.ingest(inPieces(bytes, 1_234_567), { ...LIMIT, pin: 'again' })).toEqual(first)
    expect((await store.stat(first.sha))?.pins).toEqual(['again'])
    expect(await store.usage()).toMatchObject({ blobs: 1, bytes: bytes.byteLength, partialBytes: 0 })
  })

  it('refuses more than the caller allows, and a stream of another size than announced, and keeps nothing', async () => {
    const store = await start()
    await expect(store.ingest(inPieces(bytes), { maxBytes: 2_999_999 })).rejects.toMatchObject({ code: 'too-large' })
    for (const expectedBytes of [2_999_999, 3_000_001]) {
      await expect(store.ingest(inPieces(bytes), { ...LIMIT, expectedBytes })).rejects.toMatchObject({
        code: 'size-changed',
      })
    }
    expect(await Array.fromAsync(store.list())).toEqual([])
  })

  it('passes on the error of a stream that breaks, and the reason of a signal', async () => {
    const store = await start()
    async function* broken(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 1_500_000)
      throw new Error('the file went away')
    }
    await expect(store.ingest(broken(), LIMIT)).rejects.toThrow('the file went away')
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      yield bytes.subarray(0, 1_500_000)
      controller.abort(new Error('enough'))
      yield bytes.subarray(0, 1_500_000)
    }
    await expect(store.ingest(endless(), { ...LIMIT, signal: controller.signal })).rejects.toThrow('enough')
    expect(await Array.fromAsync(store.list())).toEqual([])
  })

  it('stores several streams at a time', async () => {
    const store = await start()
    const contents = [3, 4, 5, 6].map(seed => seededBytes(2_500_000, seed))
    const blobs = await Promise.all([...contents, ...contents].map(content => put(store, content)))
    expect(blobs.map(blob => blob.sha)).toEqual([...contents, ...contents].map(content => sha256Hex(content)))
    expect(await store.usage()).toMatchObject({ blobs: 4 })
  })
}
