import { expect, it } from 'vitest'
import { sha256Hex } from '#node/kit'
import { encodeManifest } from '#swarm/chunk'
import { chunkBuffer, writeChunks } from '../seeded-bytes.ts'
import { all, bytes, manifest, put, type StartStore } from './fixture.ts'

/** Blobs that arrive chunk by chunk. */
export function partial(start: StartStore): void {
  it('takes chunks in any order and completes', async () => {
    const store = await start()
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
    const store = await start()
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
    const store = await start()
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
    const store = await start()
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, all.slice(1))
    await expect(partial.complete()).rejects.toMatchObject({ code: 'not-found' })
    await partial.close()
  })

  it('drops a blob whose manifest lied', async () => {
    const store = await start()
    const lie = encodeManifest('ab'.repeat(32), manifest.sizeBytes, manifest.chunks)
    const partial = await store.begin(lie)
    await writeChunks(store, partial, bytes, all)
    await expect(partial.complete()).rejects.toMatchObject({ code: 'mismatch' })
    await partial.close()
    expect(await store.stat(lie.blob)).toBeNull()
    expect(await store.manifest(lie.hash)).toBeNull()
  })

  it('resumes a partial blob', async () => {
    const store = await start()
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
    const store = await start()
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, [0])
    const held = manifest.chunks[0]!.length
    const closing = partial.close()
    expect(await store.usage()).toMatchObject({ partialBytes: held })
    await closing
    expect(await store.usage()).toMatchObject({ partialBytes: held })
  })

  it('opens a complete blob with every chunk held', async () => {
    const store = await start()
    await put(store, bytes)
    const partial = await store.begin(manifest)
    expect(partial.chunksHeld).toBe(all.length)
    expect([partial.has(0), partial.has(all.length)]).toEqual([true, false])
    await partial.complete()
    await partial.close()
  })

  it('completes a partial blob under its reader and writer when the same bytes are ingested', async () => {
    const store = await start()
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, [1])
    await using reader = await store.reader(manifest.blob)
    await put(store, bytes)
    expect(partial.chunksHeld).toBe(all.length)
    await partial.complete()
    await partial.close()
    expect(sha256Hex(await reader.read(0, bytes.byteLength))).toBe(manifest.blob)
  })
}
