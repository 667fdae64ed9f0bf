import { describe, expect, test } from 'vitest'
import { copyChunks, ingest, randomBlob, readAll, TestFleet } from './fixture.ts'
import { EXCHANGE_LIMITS } from './limits.ts'

const MiB = 1024 * 1024

describe('a pull', () => {
  test('brings a blob from the one member who has it, byte for byte', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const bytes = randomBlob(6 * MiB, 1)
    const blob = await ingest(a.store, bytes)
    const phases: string[] = []
    const report = await b.exchange.fetch(blob, { onProgress: progress => phases.push(progress.phase) })
    expect(report).toMatchObject({ bytesFetched: bytes.byteLength, bytesReused: 0, sources: { a: bytes.byteLength } })
    expect(Buffer.compare(await readAll(b.store, blob), bytes)).toBe(0)
    expect(phases.at(-1)).toBe('done')
    expect(b.exchange.transfers()).toEqual([])
  })

  test('of an empty blob and of one small chunk works', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    for (const size of [0, 1, 1000]) {
      const blob = await ingest(a.store, randomBlob(size, size))
      expect((await b.exchange.fetch(blob)).bytesFetched).toBe(size)
      expect(await b.store.stat(blob.sha)).toMatchObject({ state: 'complete' })
    }
    expect(b.exchange.totals()).toEqual({ bytesFetched: 1001, bytesServed: 0 })
    expect(a.exchange.totals().bytesFetched).toBe(0)
    expect(a.exchange.totals().bytesServed).toBeGreaterThanOrEqual(1001)
  })

  test('of what is here already asks nobody', async () => {
    await using fleet = new TestFleet()
    const a = await fleet.node('a')
    const blob = await ingest(a.store, randomBlob(MiB, 3))
    expect(await a.exchange.fetch(blob)).toMatchObject({ bytesFetched: 0, bytesReused: MiB })
  })

  test('fetches only the chunks that no local blob has', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const first = randomBlob(6 * MiB, 4)
    const second = first.slice()
    second.set(randomBlob(1000, 5), 3 * MiB)
    await b.exchange.fetch(await ingest(a.store, first))
    const report = await b.exchange.fetch(await ingest(a.store, second))
    expect(report.bytesReused + report.bytesFetched).toBe(second.byteLength)
    expect(report.bytesFetched).toBeLessThan(4 * MiB)
    expect(report.bytesFetched).toBeGreaterThan(0)
  })

  test('of a blob that repeats itself fetches each chunk once', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const bytes = new Uint8Array(20 * MiB)
    const blob = await ingest(a.store, bytes)
    const report = await b.exchange.fetch(blob)
    expect(report.bytesFetched).toBeLessThan(9 * MiB)
    expect(Buffer.compare(await readAll(b.store, blob), bytes)).toBe(0)
  })

  test('is shared by several callers, and goes on when one of them stops', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const blob = await ingest(a.store, randomBlob(8 * MiB, 6))
    const stop = new AbortController()
    const one = b.exchange.fetch(blob, { signal: stop.signal })
    const two = b.exchange.fetch(blob)
    expect(b.exchange.transfers()).toHaveLength(1)
    stop.abort()
    await expect(one).rejects.toMatchObject({ code: 'aborted' })
    expect((await two).bytesFetched).toBe(blob.sizeBytes)
  })

  test('that is stopped and begun again fetches no verified chunk twice', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const blob = await ingest(a.store, randomBlob(10 * MiB, 7))
    const stop = new AbortController()
    const first = b.exchange.fetch(blob, {
      signal: stop.signal,
      onProgress: ({ bytesFetched }) => bytesFetched > 2 * MiB && stop.abort(),
    })
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    expect(b.exchange.transfers()).toEqual([])
    const held = (await b.store.stat(blob.sha))!.bytesHeld
    expect(held).toBeGreaterThan(0)
    const report = await b.exchange.fetch(blob)
    expect(report).toMatchObject({ bytesReused: held, bytesFetched: blob.sizeBytes - held })
  })

  test('takes each half from the member that has it', async () => {
    await using fleet = new TestFleet()
    const [a, b, c] = [await fleet.node('a'), await fleet.node('b'), await fleet.node('c')]
    const origin = await fleet.node('origin')
    const bytes = randomBlob(8 * MiB, 8)
    const blob = await ingest(origin.store, bytes)
    const even = await copyChunks(origin.store, a.store, blob, chunk => chunk % 2 === 0)
    await copyChunks(origin.store, b.store, blob, chunk => chunk % 2 === 1)
    fleet.network.kill('origin')
    for (const peer of ['a', 'b']) await c.host.connect(peer)
    const report = await c.exchange.fetch(blob)
    expect(report.sources).toEqual({ a: even, b: blob.sizeBytes - even })
    expect(Buffer.compare(await readAll(c.store, blob), bytes)).toBe(0)
  })

  test('completes on two members that each have one half and want the other', async () => {
    await using fleet = new TestFleet()
    const [a, b, origin] = [await fleet.node('a'), await fleet.node('b'), await fleet.node('origin')]
    const blob = await ingest(origin.store, randomBlob(8 * MiB, 9))
    const even = await copyChunks(origin.store, a.store, blob, chunk => chunk % 2 === 0)
    await copyChunks(origin.store, b.store, blob, chunk => chunk % 2 === 1)
    await a.host.connect('b')
    const reports = await Promise.all([a.exchange.fetch(blob), b.exchange.fetch(blob)])
    expect(reports.map(report => report.bytesFetched)).toEqual([blob.sizeBytes - even, even])
  })

  test('finds the holder through a hint, and through another member who wants the blob', async () => {
    await using fleet = new TestFleet()
    const [a, b, c] = [await fleet.node('a'), await fleet.node('b'), await fleet.node('c')]
    const blob = await ingest(a.store, randomBlob(8 * MiB, 10))
    await c.host.connect('b')
    const viaHint = b.exchange.fetch(blob, { hints: ['a'] })
    const viaMember = c.exchange.fetch(blob)
    expect((await viaHint).bytesFetched).toBe(blob.sizeBytes)
    expect((await viaMember).bytesFetched).toBe(blob.sizeBytes)
  })

  test('that nobody can serve ends with what is missing and why', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const other = await fleet.node('other')
    const blob = await ingest(other.store, randomBlob(8 * MiB, 11))
    await expect(b.exchange.fetch(blob)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringMatching(/all 8\.0 MiB are missing: no member that has it is connected/),
    })
    await copyChunks(other.store, a.store, blob, chunk => chunk < 3)
    const error = await b.exchange.fetch(blob).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'incomplete',
      message: expect.stringMatching(/of \d+ chunks .* a has 3 chunks/),
    })
    expect(await b.store.stat(blob.sha)).toMatchObject({ chunksHeld: 3 })
  })

  test('with a descriptor that does not fit its manifest is refused', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const blob = await ingest(a.store, randomBlob(MiB, 12))
    const other = await ingest(a.store, randomBlob(MiB, 13))
    await expect(b.exchange.fetch({ ...blob, chunks: other.chunks })).rejects.toMatchObject({ code: 'mismatch' })
    expect(a.exchange.reputation.isBanned('a')).toBe(false)
  })

  test('through a pool of two chunks, several at a time, does not lock up', async () => {
    await using fleet = new TestFleet()
    const a = await fleet.node('a')
    const b = await fleet.node('b', { poolBytes: 8 * MiB })
    await fleet.connectAll()
    const blobs = await Promise.all([21, 22, 23, 24].map(seed => ingest(a.store, randomBlob(6 * MiB, seed))))
    const reports = await Promise.all(blobs.map(blob => b.exchange.fetch(blob)))
    expect(reports.map(report => report.bytesFetched)).toEqual(blobs.map(blob => blob.sizeBytes))
  })
})

describe('a fan-out', () => {
  test('from one holder to eight members that start together costs the holder less than two blobs', async () => {
    await using fleet = new TestFleet({ latencyMs: 1 })
    const limits = EXCHANGE_LIMITS
    const origin = await fleet.node('origin', { limits })
    const pullers = await Promise.all(Array.from({ length: 8 }, (_, i) => fleet.node(`puller-${i}`, { limits })))
    await fleet.connectAll()
    const blob = await ingest(origin.store, randomBlob(16 * MiB, 31))
    const reports = await Promise.all(pullers.map(({ exchange }) => exchange.fetch(blob)))
    const fromOrigin = reports.reduce((sum, report) => sum + (report.sources['origin'] ?? 0), 0)
    expect(reports.every(report => report.bytesFetched === blob.sizeBytes)).toBe(true)
    expect(fromOrigin / blob.sizeBytes).toBeLessThan(2)
  })
})

describe('a replica', () => {
  test('keeps to its bandwidth', async () => {
    await using fleet = new TestFleet()
    const a = await fleet.node('a')
    const b = await fleet.node('b', { replicaBytesPerSecond: () => 8 * MiB })
    await fleet.connectAll()
    const blob = await ingest(a.store, randomBlob(6 * MiB, 41))
    const report = await b.exchange.fetch(blob, { priority: 'replica' })
    expect(report.durationMs).toBeGreaterThan(150)
  })

  test('waits while a pull moves', async () => {
    await using fleet = new TestFleet()
    const [a, b] = [await fleet.node('a'), await fleet.node('b')]
    await fleet.connectAll()
    const [pulled, replicated] = [
      await ingest(a.store, randomBlob(8 * MiB, 42)),
      await ingest(a.store, randomBlob(MiB, 43)),
    ]
    const order: string[] = []
    await Promise.all([
      b.exchange.fetch(replicated, { priority: 'replica' }).then(() => order.push('replica')),
      b.exchange.fetch(pulled).then(() => order.push('pull')),
    ])
    expect(order).toEqual(['pull', 'replica'])
  })
})
