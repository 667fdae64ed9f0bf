import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, sha256Hex, systemClock } from '#node/kit'
import { encodeManifest, manifestOf } from '#swarm/chunk'
import { chunkBuffer, inPieces, seededBytes, writeChunks } from './seeded-bytes.ts'
import type { BlobDescriptor, BlobStore } from './types.ts'

export interface StoreUnderTest {
  store: BlobStore
  /** Called after the test. */
  destroy(): Promise<void>
}

const LIMIT = { maxBytes: 2 ** 30 }

/** What every implementation of `BlobStore` promises. Run it inside a test file. */
export function blobStoreCompliance(name: string, make: (options: { clock: Clock }) => Promise<StoreUnderTest>): void {
  describe(`the blob store promises (${name})`, () => {
    let made: StoreUnderTest
    let store: BlobStore
    let now = 1_000_000
    let folder: string
    const clock: Clock = { ...systemClock, now: () => now }
    const bytes = seededBytes(3_000_000, 1)
    const manifest = manifestOf(bytes)
    const all = manifest.chunks.map((_, index) => index)

    beforeEach(async () => {
      made = await make({ clock })
      store = made.store
      folder = await mkdtemp(join(tmpdir(), 'vigo-compliance-'))
    })

    afterEach(async () => {
      await made.destroy()
      await rm(folder, { recursive: true, force: true })
    })

    const put = (content: Uint8Array): Promise<BlobDescriptor> => store.ingest(inPieces(content), LIMIT)

    it('stores a stream and answers its hash, size and manifest', async () => {
      const blob = await put(bytes)
      expect(blob).toEqual({ sha: sha256Hex(bytes), sizeBytes: bytes.byteLength, chunks: manifest.hash })
      expect(await store.stat(blob.sha)).toMatchObject({
        state: 'complete',
        chunksHeld: all.length,
        bytesHeld: bytes.byteLength,
      })
      expect((await store.manifest(blob.chunks))?.bytes).toEqual(manifest.bytes)
    })

    it.each([0, 1, 256 * 1024, 256 * 1024 + 1])('stores a blob of %i bytes', async size => {
      const content = seededBytes(size, 2)
      const blob = await put(content)
      expect(blob).toEqual({ sha: sha256Hex(content), sizeBytes: size, chunks: manifestOf(content).hash })
      await using reader = await store.reader(blob.sha)
      expect(sha256Hex(await reader.read(0, size))).toBe(blob.sha)
    })

    it('answers the same for a stream that it has already, whatever the pieces', async () => {
      const first = await put(bytes)
      expect(await store.ingest(inPieces(bytes, 1_234_567), { ...LIMIT, pin: 'again' })).toEqual(first)
      expect((await store.stat(first.sha))?.pins).toEqual(['again'])
      expect(await store.usage()).toMatchObject({ blobs: 1, bytes: bytes.byteLength, partialBytes: 0 })
    })

    it('refuses more than the caller allows, and a stream of another size than announced, and keeps nothing', async () => {
      await expect(store.ingest(inPieces(bytes), { maxBytes: 2_999_999 })).rejects.toMatchObject({ code: 'too-large' })
      for (const expectedBytes of [2_999_999, 3_000_001]) {
        await expect(store.ingest(inPieces(bytes), { ...LIMIT, expectedBytes })).rejects.toMatchObject({
          code: 'size-changed',
        })
      }
      expect(await Array.fromAsync(store.list())).toEqual([])
    })

    it('passes on the error of a stream that breaks, and the reason of a signal', async () => {
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
      const contents = [3, 4, 5, 6].map(seed => seededBytes(2_500_000, seed))
      const blobs = await Promise.all([...contents, ...contents].map(put))
      expect(blobs.map(blob => blob.sha)).toEqual([...contents, ...contents].map(content => sha256Hex(content)))
      expect(await store.usage()).toMatchObject({ blobs: 4 })
    })

    it('takes chunks in any order and completes', async () => {
      const events: string[] = []
      store.onChange(event => events.push(event.type))
      const partial = await store.begin(manifest)
      expect([partial.chunksHeld, partial.has(0)]).toEqual([0, false])
      const arrived: number[] = []
      partial.onChunk(index => arrived.push(index))
      await writeChunks(store, partial, bytes, all.toReversed())
      expect(arrived).toEqual(all.toReversed())
      expect((await store.stat(manifest.blob))?.state).toBe('partial')
      await partial.complete()
      await partial.complete()
      await partial.close()
      expect((await store.stat(manifest.blob))?.state).toBe('complete')
      expect(events).toEqual(['complete'])
      await using reader = await store.reader(manifest.blob)
      expect(sha256Hex(await reader.read(0, bytes.byteLength))).toBe(manifest.blob)
    })

    it('takes the same chunk several times at a time', async () => {
      const partial = await store.begin(manifest)
      const twice = [...all, ...all].map(async index =>
        partial.write(index, await chunkBuffer(store, { manifest }, bytes, index)),
      )
      await Promise.all(twice)
      expect(partial.chunksHeld).toBe(all.length)
      await partial.complete()
      await partial.close()
    })

    it('refuses bytes that are not the chunk, keeps the rest, and gives every buffer back', async () => {
      const partial = await store.begin(manifest)
      const bad = await chunkBuffer(store, { manifest }, bytes, 0)
      bad.bytes[17]! ^= 1
      await expect(partial.write(0, bad)).rejects.toMatchObject({ code: 'mismatch' })
      const short = await store.buffers.acquire(10)
      await expect(partial.write(1, short)).rejects.toMatchObject({ code: 'mismatch' })
      const outside = await store.buffers.acquire(10)
      await expect(partial.write(all.length, outside)).rejects.toMatchObject({ code: 'not-found' })
      expect(partial.chunksHeld).toBe(0)
      const whole = await store.buffers.acquire(store.buffers.capacityBytes)
      whole.release()
      await writeChunks(store, partial, bytes, all)
      await partial.complete()
      await partial.close()
    })

    it('does not complete while chunks are missing', async () => {
      const partial = await store.begin(manifest)
      await writeChunks(store, partial, bytes, all.slice(1))
      await expect(partial.complete()).rejects.toMatchObject({ code: 'not-found' })
      await partial.close()
    })

    it('drops a blob whose manifest lied', async () => {
      const lie = encodeManifest('ab'.repeat(32), manifest.sizeBytes, manifest.chunks)
      const partial = await store.begin(lie)
      await writeChunks(store, partial, bytes, all)
      await expect(partial.complete()).rejects.toMatchObject({ code: 'mismatch' })
      await partial.close()
      expect(await store.stat(lie.blob)).toBeNull()
      expect(await store.manifest(lie.hash)).toBeNull()
    })

    it('resumes a partial blob', async () => {
      const first = await store.begin(manifest)
      await writeChunks(store, first, bytes, all.slice(0, 2))
      await first.close()
      await expect(first.write(2, await chunkBuffer(store, { manifest }, bytes, 2))).rejects.toMatchObject({
        code: 'closed',
      })
      const second = await store.begin(manifest)
      expect(all.filter(index => second.has(index))).toEqual([0, 1])
      await writeChunks(store, second, bytes, all.slice(2))
      await second.complete()
      await second.close()
    })

    it('counts what a partial blob holds also while it is being closed', async () => {
      const partial = await store.begin(manifest)
      await writeChunks(store, partial, bytes, [0])
      const held = manifest.chunks[0]!.length
      const closing = partial.close()
      expect(await store.usage()).toMatchObject({ partialBytes: held })
      await closing
      expect(await store.usage()).toMatchObject({ partialBytes: held })
    })

    it('opens a complete blob with every chunk held', async () => {
      await put(bytes)
      const partial = await store.begin(manifest)
      expect(partial.chunksHeld).toBe(all.length)
      expect([partial.has(0), partial.has(all.length)]).toEqual([true, false])
      await partial.complete()
      await partial.close()
    })

    it('reads what a partial blob holds while it arrives, and goes on when it is complete', async () => {
      const partial = await store.begin(manifest)
      await using reader = await store.reader(manifest.blob)
      await expect(reader.readChunk(0, 0, 10)).rejects.toMatchObject({ code: 'not-found' })
      await writeChunks(store, partial, bytes, [0])
      expect(reader.has(0)).toBe(true)
      expect(new Uint8Array(await reader.readChunk(0, 5, 10))).toEqual(bytes.slice(5, 15))
      await writeChunks(store, partial, bytes, all.slice(1))
      await partial.complete()
      await partial.close()
      expect(sha256Hex(await reader.read(0, bytes.byteLength))).toBe(manifest.blob)
    })

    it('completes a partial blob under its reader and writer when the same bytes are ingested', async () => {
      const partial = await store.begin(manifest)
      await writeChunks(store, partial, bytes, [1])
      await using reader = await store.reader(manifest.blob)
      await put(bytes)
      expect(partial.chunksHeld).toBe(all.length)
      await partial.complete()
      await partial.close()
      expect(sha256Hex(await reader.read(0, bytes.byteLength))).toBe(manifest.blob)
    })

    it('reads ranges across chunks, and refuses ranges outside', async () => {
      await put(bytes)
      await using reader = await store.reader(manifest.blob)
      const border = manifest.chunks[1]!.offset
      expect(new Uint8Array(await reader.read(border - 10, 20))).toEqual(bytes.slice(border - 10, border + 10))
      expect((await reader.read(bytes.byteLength, 0)).byteLength).toBe(0)
      await expect(reader.read(bytes.byteLength - 1, 2)).rejects.toThrow(RangeError)
      await expect(reader.readChunk(0, 0, manifest.chunks[0]!.length + 1)).rejects.toThrow(RangeError)
      await expect(reader.readChunk(all.length, 0, 1)).rejects.toMatchObject({ code: 'not-found' })
    })

    it('locates a chunk in complete and partial blobs, and reuses it', async () => {
      const sha = manifest.chunks[0]!.sha
      expect(await store.locate(sha)).toBeNull()
      await put(bytes)
      expect(await store.locate(sha)).toEqual({
        blob: manifest.blob,
        chunkIndex: 0,
        offset: 0,
        length: manifest.chunks[0]!.length,
      })
      const changed = new Uint8Array([...bytes.subarray(0, 2_999_000), ...seededBytes(5_000, 9)])
      const next = manifestOf(changed)
      const partial = await store.begin(next)
      const indexes = next.chunks.map((_, index) => index)
      expect([...(await partial.reusable(indexes))]).toEqual(indexes.slice(0, -1))
      expect(await partial.reusable([])).toEqual(new Set())
      const reused: boolean[] = []
      for (let index = 0; index < next.chunks.length; index++) reused.push(await partial.reuse(index))
      expect(reused).toEqual(next.chunks.map((_, index) => index < next.chunks.length - 1))
      await writeChunks(store, partial, changed, [next.chunks.length - 1])
      await partial.complete()
      await partial.close()
    })

    it('knows which of many chunks other blobs have, whatever lies between them', async () => {
      for (const seed of [31, 32, 33, 34, 35]) await put(seededBytes(3_000_000, seed))
      const parts = [31, 40, 33, 41, 35].map(seed => seededBytes(3_000_000, seed))
      const mixed = manifestOf(new Uint8Array(Buffer.concat(parts)))
      const partial = await store.begin(mixed)
      const indexes = mixed.chunks.map((_, index) => index)
      const located = new Set<number>()
      for (const index of indexes) if (await store.locate(mixed.chunks[index]!.sha)) located.add(index)
      expect(located.size).toBeGreaterThan(10)
      expect(await partial.reusable(indexes)).toEqual(located)
      expect(await partial.reusable(indexes.slice(5, 9))).toEqual(new Set([5, 6, 7, 8].filter(i => located.has(i))))
      await partial.close()
    })

    it('does not locate chunks of a partial blob that are not held', async () => {
      const partial = await store.begin(manifest)
      await writeChunks(store, partial, bytes, [1])
      await partial.close()
      expect(await store.locate(manifest.chunks[0]!.sha)).toBeNull()
      expect(await store.locate(manifest.chunks[1]!.sha)).toMatchObject({ chunkIndex: 1 })
    })

    it('materialises a copy over what was there, with the mode asked for', async () => {
      await put(bytes)
      const path = join(folder, 'deep', 'file')
      for (const share of [false, true, true]) {
        await store.materialise(manifest.blob, path, { share, ...(share ? {} : { mode: 0o755 }) })
        expect(sha256Hex(await readFile(path))).toBe(manifest.blob)
        expect((await stat(path)).mode & 0o777).toBe(share ? 0o644 : 0o755)
      }
      await expect(store.materialise('00'.repeat(32), path, { share: false })).rejects.toMatchObject({
        code: 'not-found',
      })
      const signal = AbortSignal.abort(new Error('no more'))
      await expect(store.materialise(manifest.blob, path, { share: false, signal })).rejects.toThrow('no more')
    })

    it('does not materialise a partial blob', async () => {
      const partial = await store.begin(manifest)
      await expect(store.materialise(manifest.blob, join(folder, 'x'), { share: false })).rejects.toMatchObject({
        code: 'not-found',
      })
      await partial.close()
    })

    it('says not-found of what it does not have', async () => {
      const sha = '00'.repeat(32)
      expect(await store.stat(sha)).toBeNull()
      expect(await store.manifest(sha)).toBeNull()
      expect(await store.remove(sha)).toBe(false)
      await store.unpin(sha, 'nobody')
      await expect(store.reader(sha)).rejects.toMatchObject({ code: 'not-found' })
      await expect(store.pin(sha, 'x')).rejects.toMatchObject({ code: 'not-found' })
    })

    it('never removes a blob that is pinned or open', async () => {
      const { sha } = await store.ingest(inPieces(bytes), { ...LIMIT, pin: 'a' })
      await store.pin(sha, 'b')
      await store.pin(sha, 'b')
      expect((await store.stat(sha))?.pins).toEqual(['a', 'b'])
      await store.unpin(sha, 'a')
      expect(await store.remove(sha)).toBe(false)
      await store.unpin(sha, 'b')
      await store.unpin(sha, 'b')
      const reader = await store.reader(sha)
      expect(await store.remove(sha)).toBe(false)
      expect((await store.collect({})).removed).toEqual([])
      await reader.close()
      const events: object[] = []
      const unsubscribe = store.onChange(event => events.push(event))
      expect(await store.remove(sha)).toBe(true)
      unsubscribe()
      expect(events).toEqual([{ type: 'removed', sha }])
      expect(await store.stat(sha)).toBeNull()
      expect(await store.locate(manifest.chunks[0]!.sha)).toBeNull()
    })

    it('collects the least recently used first, no more than asked', async () => {
      const blobs: BlobDescriptor[] = []
      for (const seed of [11, 12, 13]) {
        now += 1000
        blobs.push(await put(seededBytes(1000, seed)))
      }
      const [first, second, third] = blobs.map(blob => blob.sha)
      now += 1000
      await (await store.reader(first!)).close()
      const dry = await store.collect({ freeBytes: 1500, dryRun: true })
      expect(dry.removed.map(blob => blob.sha)).toEqual([second, third])
      expect(dry.freedBytes).toBe(2000)
      expect(
        (await store.collect({ usedBefore: now, keep: blob => blob.sha === third })).removed.map(blob => blob.sha),
      ).toEqual([second])
      expect(await store.usage()).toMatchObject({ blobs: 2 })
      expect(await store.stat(second!)).toBeNull()
    })

    it('collects partial blobs unless told otherwise', async () => {
      const partial = await store.begin(manifest)
      await writeChunks(store, partial, bytes, [0])
      await partial.close()
      expect((await store.collect({ partial: false })).removed).toEqual([])
      expect(await store.collect({})).toMatchObject({
        removed: [{ sha: manifest.blob, state: 'partial' }],
        freedBytes: manifest.chunks[0]!.length,
      })
      expect(await store.stat(manifest.blob)).toBeNull()
    })

    it('refuses everything after it was closed', async () => {
      await store.close()
      await expect(store.stat(manifest.blob)).rejects.toMatchObject({ code: 'closed' })
      await expect(put(bytes)).rejects.toMatchObject({ code: 'closed' })
      await expect(store.begin(manifest)).rejects.toMatchObject({ code: 'closed' })
    })
  })
}
