import { afterEach, describe, expect, test, vi } from 'vitest'
import { silentLogger, systemClock } from '#node/kit'
import type { Exchange } from '#swarm/exchange'
import { type BlobDescriptor, type BlobStore, memoryStore } from '#swarm/store'
import { Replicas, type Wanted } from './replicas.ts'

/** An exchange whose other side is a second store in this process: real bytes, no network. */
function exchangeFrom(origin: BlobStore, here: BlobStore, fail: () => boolean): Exchange {
  return {
    fetch: async blob => {
      if (fail()) throw new Error('nobody has it')
      const reader = await origin.reader(blob.sha)
      const bytes = await reader.read(0, reader.sizeBytes)
      await here.ingest(
        (async function* () {
          yield bytes
        })(),
        { maxBytes: 1e9 },
      )
      return { bytesFetched: blob.sizeBytes, bytesReused: 0, durationMs: 1, sources: {} }
    },
    transfers: () => [],
    totals: () => ({ bytesFetched: 0, bytesServed: 0 }),
    close: async () => undefined,
  }
}

const quick = {
  ...systemClock,
  sleep: (ms: number, options?: { signal?: AbortSignal | undefined }) => systemClock.sleep(Math.min(ms, 20), options),
}
const bytes = async function* (text: string) {
  yield new TextEncoder().encode(text)
}

let close: () => Promise<void> = async () => undefined
afterEach(() => close())

async function setUp(options: { freeBytes?: number; targets?: string[] } = {}) {
  const origin = memoryStore({})
  const here = memoryStore({})
  const usage = here.usage.bind(here)
  here.usage = async () => ({ ...(await usage()), diskFreeBytes: options.freeBytes ?? 50, diskSizeBytes: 100 })
  const blob: BlobDescriptor = await origin.ingest(bytes('hello'), { maxBytes: 100 })
  const wanted: Wanted[] = (options.targets ?? ['web*']).map(target => ({ name: 'ops/tool', target, blobs: [blob] }))
  const state = { failing: false, changed: () => undefined as unknown }
  const replicas = new Replicas({
    exchange: exchangeFrom(origin, here, () => state.failing),
    store: here,
    source: {
      wanted: () => wanted,
      onChange: listener => {
        state.changed = listener
        return () => undefined
      },
    },
    self: () => ({ hostname: 'web1', traits: {} }),
    clock: quick,
    random: () => 0,
    logger: silentLogger,
  })
  close = () => replicas.close()
  return { here, blob, state, replicas }
}

describe('replicas', () => {
  test('bring here what a target asks this machine to hold, and keep it from collection', async () => {
    const { here, blob, replicas } = await setUp()
    await vi.waitFor(async () => expect((await here.stat(blob.sha))?.state).toBe('complete'))
    expect(replicas.isWanted(blob.sha)).toBe(true)
    await vi.waitFor(() => expect(replicas.status()).toMatchObject({ wanted: 1, held: 1, waitingFor: null }))
  })

  test('leave alone what is for others, and a target that makes no sense', async () => {
    const { here, blob, replicas } = await setUp({ targets: ['db*', '$(boom)'] })
    await new Promise(resolve => setTimeout(resolve, 150))
    expect(replicas.isWanted(blob.sha)).toBe(false)
    expect(replicas.status().wanted).toBe(0)
    expect(await here.stat(blob.sha)).toBeNull()
  })

  test('wait while the disk is almost full, and say so', async () => {
    const { here, blob, replicas } = await setUp({ freeBytes: 10 })
    await vi.waitFor(() => expect(replicas.status().waitingFor).toMatch(/10 % free/))
    expect(await here.stat(blob.sha)).toBeNull()
  })

  test('report what failed and try again', async () => {
    const { here, blob, state, replicas } = await setUp()
    state.failing = true
    await vi.waitFor(() => expect(replicas.status().failures[0]?.reason).toBe('nobody has it'))
    state.failing = false
    state.changed()
    await vi.waitFor(async () => expect((await here.stat(blob.sha))?.state).toBe('complete'), { timeout: 3_000 })
    await vi.waitFor(() => expect(replicas.status().failures).toEqual([]))
  })
})
