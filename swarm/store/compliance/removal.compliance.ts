import { expect, it } from 'vitest'
import { systemClock } from '#node/kit'
import { inPieces, seededBytes, writeChunks } from '../seeded-bytes.ts'
import type { BlobDescriptor } from '../types.ts'
import { bytes, LIMIT, manifest, put, type StartStore } from './fixture.ts'

/** What is kept, and what goes first. */
export function removal(start: StartStore): void {
  it('never removes a blob that is pinned or open', async () => {
    const store = await start()
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
    let now = 1_000_000
    const store = await start({ ...systemClock, now: () => now })
    const blobs: BlobDescriptor[] = []
    for (const seed of [11, 12, 13]) {
      now += 1000
      blobs.push(await put(store, seededBytes(1000, seed)))
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
    const store = await start()
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
}
