import { describe, expect, test } from 'vitest'
import type { FrameStream, Host } from '#node/host'
import type { Manifest } from '#swarm/chunk'
import type { BlobDescriptor } from '#swarm/store'
import {
  type Answer,
  type Ask,
  BLOBS_PROTOCOL,
  decodeAnswer,
  decodeAsk,
  encodeAnswer,
  encodeAsk,
  MAX_ANSWER_FRAME,
  MAX_ASK_FRAME,
} from './codec.ts'
import { copyChunks, ingest, randomBlob, readAll, TestFleet, type TestNode } from './fixture.ts'

const MiB = 1024 * 1024

type Get = Ask & { kind: 'get' }
interface Lie {
  get?: (ask: Get, say: (answer: Answer) => Promise<void>, stream: FrameStream) => Promise<void>
  manifest?: (ask: Ask & { kind: 'manifest' }, say: (answer: Answer) => Promise<void>) => Promise<void>
  have?: (ask: Ask & { kind: 'have' }, say: (answer: Answer) => Promise<void>) => Promise<void>
}

/** A member that says it holds everything, and then does as told. */
async function pretender(host: Host, manifest: Manifest, lie: Lie): Promise<{ gets: number }> {
  const seen = { gets: 0 }
  await host.serve(BLOBS_PROTOCOL, { maxFrameBytes: MAX_ASK_FRAME }, async stream => {
    const say = (answer: Answer): Promise<void> => stream.send(encodeAnswer(answer))
    for (let frame = await stream.receive(); frame; frame = await stream.receive()) {
      const ask = decodeAsk(frame.subarray())
      if (ask.kind === 'who') {
        await say({ kind: 'who', id: ask.id, answers: ask.blobs.map(() => ({ holds: 'complete', hints: [] })) })
      } else if (ask.kind === 'have') {
        const { handle } = ask
        const chunkCount = manifest.chunks.length
        if (lie.have) await lie.have(ask, say)
        else await say({ kind: 'have', handle, holds: 'complete', several: false, chunkCount, bits: null })
      } else if (ask.kind === 'manifest') {
        const { id } = ask
        const { bytes } = manifest
        if (lie.manifest) await lie.manifest(ask, say)
        else await say({ kind: 'manifest', id, total: bytes.byteLength, offset: 0, bytes })
      } else if (ask.kind === 'get') {
        seen.gets++
        await lie.get?.(ask, say, stream)
      }
    }
  })
  return seen
}

async function beside(
  lie: Lie,
  check: (outcome: { puller: TestNode; blob: BlobDescriptor; gets: number; sources: Record<string, number> }) => void,
  honestAfterMs = 60,
): Promise<void> {
  await using fleet = new TestFleet()
  const [honest, puller] = [await fleet.node('honest'), await fleet.node('puller')]
  const bytes = randomBlob(8 * MiB, 1)
  const blob = await ingest(honest.store, bytes)
  const seen = await pretender(fleet.host('bad'), (await honest.store.manifest(blob.chunks))!, lie)
  await puller.host.connect('bad')
  setTimeout(() => void puller.host.connect('honest').catch(() => undefined), honestAfterMs)
  const report = await puller.exchange.fetch(blob)
  expect(Buffer.compare(await readAll(puller.store, blob), bytes)).toBe(0)
  check({ puller, blob, gets: seen.gets, sources: { ...report.sources } })
  const again = await ingest(honest.store, randomBlob(MiB, 2))
  const before = seen.gets
  await puller.exchange.fetch(again)
  if (puller.exchange.reputation.isBanned('bad')) expect(seen.gets).toBe(before)
}

function namedInLog(puller: TestNode, pattern: RegExp): void {
  const line = puller.log.find(({ event }) => event === 'peer-lied')
  expect(line).toMatchObject({ level: 'warn', fields: { peer: 'bad', reason: expect.stringMatching(pattern) } })
  expect(puller.exchange.reputation.isBanned('bad')).toBe(true)
}

describe('a pull completes from an honest member beside one that', () => {
  test('sends wrong bytes, which is named and never asked again', async () => {
    await beside(
      {
        get: async ({ id, length }, say) => {
          for (let offset = 0; offset < length; offset += MiB) {
            await say({ kind: 'data', id, offset, bytes: new Uint8Array(Math.min(MiB, length - offset)) })
          }
        },
      },
      ({ puller, blob, sources }) => {
        namedInLog(puller, /sent bytes that are not chunk \d+/)
        expect(sources).toEqual({ honest: blob.sizeBytes })
      },
    )
  })

  test('sends more bytes than the chunk has', async () => {
    await beside(
      {
        get: async ({ id, length }, say) =>
          say({ kind: 'data', id, offset: 0, bytes: new Uint8Array(length % MiB).fill(1) }).then(async () => {
            for (let i = 0; i < 5; i++)
              await say({ kind: 'data', id, offset: length % MiB, bytes: new Uint8Array(MiB) })
          }),
      },
      ({ puller }) => namedInLog(puller, /sent bytes/),
    )
  })

  test('sends bytes that nobody asked for', async () => {
    await beside(
      { get: ({ id }, say) => say({ kind: 'data', id: id + 1000, offset: 0, bytes: new Uint8Array(10) }) },
      ({ puller }) => namedInLog(puller, /nobody asked for/),
    )
  })

  test('sends nothing at all', async () => {
    await beside({}, ({ gets, sources, blob }) => {
      expect(gets).toBeGreaterThan(0)
      expect(sources).toEqual({ honest: blob.sizeBytes })
    })
  })

  test('sends nothing at all, before the honest one is there', async () => {
    const stalled = ({ puller }: { puller: TestNode }): void => {
      expect(puller.exchange.reputation.isBanned('bad')).toBe(false)
      expect(puller.log.some(({ event, fields }) => event === 'source-stalled' && fields['peer'] === 'bad')).toBe(true)
    }
    await beside({}, stalled, 450)
  })

  test('sends one byte now and then', async () => {
    await beside(
      {
        get: async ({ id }, say, stream) => {
          for (let offset = 0; !stream.closed.aborted && offset < 20; offset++) {
            await say({ kind: 'data', id, offset, bytes: new Uint8Array(1) })
            await new Promise(resolve => setTimeout(resolve, 50))
          }
        },
      },
      ({ sources, blob }) => expect(sources).toEqual({ honest: blob.sizeBytes }),
    )
  })

  test('closes the stream in the middle of a chunk', async () => {
    await beside(
      {
        get: async ({ id }, say, stream) => {
          await say({ kind: 'data', id, offset: 0, bytes: new Uint8Array(1000) })
          stream.reset(new Error('gone'))
        },
      },
      ({ sources, blob }) => expect(sources).toEqual({ honest: blob.sizeBytes }),
    )
  })

  test('sends a manifest of another blob', async () => {
    await beside(
      { manifest: ({ id }, say) => say({ kind: 'manifest', id, total: 100, offset: 0, bytes: new Uint8Array(100) }) },
      ({ puller }) => namedInLog(puller, /sent a manifest that is not/),
    )
  })

  test('offers a manifest of a gigabyte', async () => {
    await beside(
      {
        manifest: ({ id }, say) => say({ kind: 'manifest', id, total: 2 ** 30, offset: 0, bytes: new Uint8Array(10) }),
      },
      ({ puller }) => namedInLog(puller, /manifest of 1073741824 bytes/),
    )
  })

  test('claims to hold a chunk that the blob does not have', async () => {
    await beside(
      {
        have: async ({ handle }, say) => {
          await say({ kind: 'have', handle, holds: 'complete', several: false, chunkCount: 100_000, bits: null })
        },
      },
      ({ sources, blob }) => expect(sources).toEqual({ honest: blob.sizeBytes }),
    )
  })

  test('speaks another language', async () => {
    await using fleet = new TestFleet()
    const [honest, puller] = [await fleet.node('honest'), await fleet.node('puller')]
    const blob = await ingest(honest.store, randomBlob(MiB, 5))
    await fleet.host('bad').serve(BLOBS_PROTOCOL, { maxFrameBytes: MAX_ASK_FRAME }, async stream => {
      await stream.send(Buffer.from('HTTP/1.1 400 Bad Request'))
      await stream.receive()
    })
    await fleet.connectAll()
    expect((await puller.exchange.fetch(blob)).sources).toEqual({ honest: blob.sizeBytes })
    namedInLog(puller, /malformed/)
  })
})

describe('a pull with only a liar beside an incomplete member', () => {
  test('ends with a message that names both', async () => {
    await using fleet = new TestFleet()
    const [origin, half, puller] = [await fleet.node('origin'), await fleet.node('half'), await fleet.node('puller')]
    const blob = await ingest(origin.store, randomBlob(8 * MiB, 6))
    const manifest = (await origin.store.manifest(blob.chunks))!
    await copyChunks(origin.store, half.store, blob, chunk => chunk < 2)
    await pretender(fleet.host('bad'), manifest, {
      get: ({ id, length }, say) => say({ kind: 'data', id, offset: 0, bytes: new Uint8Array(Math.min(length, MiB)) }),
    })
    for (const peer of ['half', 'bad']) await puller.host.connect(peer)
    await expect(puller.exchange.fetch(blob)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringMatching(/half has 2 chunks.*bad (sent bytes that are not chunk|.*stalled)/s),
    })
  })
})

describe('a holder', () => {
  async function holder(): Promise<{ fleet: TestFleet; node: TestNode; blob: BlobDescriptor; stream: FrameStream }> {
    const fleet = new TestFleet()
    const node = await fleet.node('holder')
    const blob = await ingest(node.store, randomBlob(8 * MiB, 7))
    const asker = fleet.host('asker')
    const stream = await asker.open('holder', BLOBS_PROTOCOL, { maxFrameBytes: MAX_ANSWER_FRAME })
    return { fleet, node, blob, stream }
  }
  const ask = (stream: FrameStream, question: Ask): Promise<void> => stream.send(encodeAsk(question))
  const hear = async (stream: FrameStream): Promise<Answer> => decodeAnswer((await stream.receive())!.subarray())
  const get = (id: number, handle: number, chunk: number, offset: number, length: number): Ask => ({
    kind: 'get',
    id,
    handle,
    chunk,
    offset,
    length,
    force: false,
  })

  test('says that it lacks an unknown blob, and declines its chunks and manifest', async () => {
    const { fleet, stream } = await holder()
    await using _ = fleet
    const unknown = 'ab'.repeat(32)
    await ask(stream, { kind: 'have', handle: 1, replica: false, blob: unknown })
    expect(await hear(stream)).toMatchObject({ kind: 'have', handle: 1, holds: 'none' })
    await ask(stream, get(2, 1, 0, 0, 10))
    expect(await hear(stream)).toMatchObject({ kind: 'decline', id: 2, reason: 'unknown' })
    await ask(stream, { kind: 'manifest', id: 3, hash: unknown })
    expect(await hear(stream)).toMatchObject({ kind: 'decline', id: 3, reason: 'unknown' })
  })

  test.each([
    ['a chunk that the blob does not have', 1_000_000, 0, 10],
    ['bytes behind the end of a chunk', 0, 0, 5 * MiB],
  ])('resets a stream that asks for %s', async (_what, chunk, offset, length) => {
    const { fleet, blob, stream } = await holder()
    await using _ = fleet
    await ask(stream, { kind: 'have', handle: 1, replica: false, blob: blob.sha })
    await hear(stream)
    await ask(stream, get(2, 1, chunk, offset, length))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
  })

  test('resets a stream that asks for far too much at once', async () => {
    const { fleet, node, blob, stream } = await holder()
    await using _ = fleet
    await ask(stream, { kind: 'have', handle: 1, replica: false, blob: blob.sha })
    const { length } = (await node.store.manifest(blob.chunks))!.chunks[0]!
    const flood = async (): Promise<void> => {
      for (let id = 2; id < 3000; id++) await ask(stream, get(id, 1, 0, 0, length))
    }
    await flood().catch(() => undefined)
    await expect.poll(() => stream.closed.aborted).toBe(true)
  })

  test('drops a reader that takes nothing, without keeping more than a few pieces for it', async () => {
    const { fleet, node, blob, stream } = await holder()
    await using _ = fleet
    await ask(stream, { kind: 'have', handle: 1, replica: false, blob: blob.sha })
    const manifest = (await node.store.manifest(blob.chunks))!
    for (const [chunk, { length }] of manifest.chunks.entries()) await ask(stream, get(chunk + 2, 1, chunk, 0, length))
    await expect.poll(() => stream.closed.aborted, { timeout: 5000 }).toBe(true)
    expect(node.log.some(({ event }) => event === 'asker-stuck')).toBe(true)
  })

  test('resets a stream of garbage', async () => {
    const { fleet, stream } = await holder()
    await using _ = fleet
    await stream.send(Uint8Array.of(0xff, 1, 2, 3))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
  })

  test('serves others while one reader is stuck', async () => {
    const { fleet, node, blob, stream } = await holder()
    await using _ = fleet
    const manifest = (await node.store.manifest(blob.chunks))!
    await ask(stream, { kind: 'have', handle: 1, replica: false, blob: blob.sha })
    for (const [chunk, { length }] of manifest.chunks.entries()) await ask(stream, get(chunk + 2, 1, chunk, 0, length))
    const puller = await fleet.node('puller')
    await puller.host.connect('holder')
    expect((await puller.exchange.fetch(blob)).bytesFetched).toBe(blob.sizeBytes)
  })
})
