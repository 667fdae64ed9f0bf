import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sha256Hex } from '#node/kit'
import { manifestOf } from '#swarm/chunk'
import { seededBytes, writeChunks } from '../seeded-bytes.ts'
import { all, bytes, manifest, put, type StartStore, temporaryFolder } from './fixture.ts'

/** What is here: read, found by chunk, put at a path. */
export function read(start: StartStore): void {
  it('reads what a partial blob holds while it arrives, and goes on when it is complete', async () => {
    const store = await start()
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

  it('reads ranges across chunks, and refuses ranges outside', async () => {
    const store = await start()
    await put(store, bytes)
    await using reader = await store.reader(manifest.blob)
    const border = manifest.chunks[1]!.offset
    expect(new Uint8Array(await reader.read(border - 10, 20))).toEqual(bytes.slice(border - 10, border + 10))
    expect((await reader.read(bytes.byteLength, 0)).byteLength).toBe(0)
    await expect(reader.read(bytes.byteLength - 1, 2)).rejects.toThrow(RangeError)
    await expect(reader.readChunk(0, 0, manifest.chunks[0]!.length + 1)).rejects.toThrow(RangeError)
    await expect(reader.readChunk(all.length, 0, 1)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('locates a chunk in complete and partial blobs, and reuses it', async () => {
    const store = await start()
    const sha = manifest.chunks[0]!.sha
    expect(await store.locate(sha)).toBeNull()
    await put(store, bytes)
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
    const store = await start()
    for (const seed of [31, 32, 33, 34, 35]) await put(store, seededBytes(3_000_000, seed))
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
    const store = await start()
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, [1])
    await partial.close()
    expect(await store.locate(manifest.chunks[0]!.sha)).toBeNull()
    expect(await store.locate(manifest.chunks[1]!.sha)).toMatchObject({ chunkIndex: 1 })
  })

  it('materialises a copy over what was there, with the mode asked for', async () => {
    const store = await start()
    const folder = await temporaryFolder()
    await put(store, bytes)
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
    const store = await start()
    const folder = await temporaryFolder()
    const partial = await store.begin(manifest)
    await expect(store.materialise(manifest.blob, join(folder, 'x'), { share: false })).rejects.toMatchObject({
      code: 'not-found',
    })
    await partial.close()
  })
}
