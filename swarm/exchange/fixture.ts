import { type Host, type MemoryNetwork, memoryNetwork } from '#node/host'
import { type Logger, type LogLevel, seededRandom, silentLogger } from '#node/kit'
import { type BlobDescriptor, type BlobStore, createBufferPool, memoryStore } from '#swarm/store'
import { type BlobExchange, createExchange, type ExchangeOptions } from './exchange.ts'
import { EXCHANGE_LIMITS, type ExchangeLimits, SCHEDULER_LIMITS } from './limits.ts'

/** Limits that let a fault show within a test's patience. */
export const QUICK_LIMITS: Partial<ExchangeLimits> = {
  ...EXCHANGE_LIMITS,
  scheduler: { ...SCHEDULER_LIMITS, deadlineFloorMs: 300, firstDeadlineMs: 300, asideMs: 200, asideCeilingMs: 1_000 },
  whoEveryMs: 150,
  whoDeadlineMs: 500,
  manifestDeadlineMs: 500,
  tickMs: 10,
  progressEveryMs: 10,
  stallMs: 800,
  uploadStuckMs: 300,
}

export interface TestNode {
  readonly host: Host
  readonly store: BlobStore
  readonly exchange: BlobExchange
  readonly log: LoggedEvent[]
}

export interface LoggedEvent {
  readonly level: LogLevel
  readonly event: string
  readonly fields: Record<string, unknown>
}

/** Members in one process that are all connected with each other unless told otherwise. */
export class TestFleet implements AsyncDisposable {
  readonly network: MemoryNetwork
  readonly nodes: TestNode[] = []
  readonly #hosts: Host[] = []

  /** Without latency a transfer runs to its end before any other begins. */
  constructor(options: { latencyMs?: number } = {}) {
    this.network = memoryNetwork(options)
  }

  host(name: string): Host {
    const host = this.network.createHost({ peerId: name })
    this.#hosts.push(host)
    return host
  }

  async node(name: string, options: Partial<ExchangeOptions> & { poolBytes?: number } = {}): Promise<TestNode> {
    const log: LoggedEvent[] = []
    const host = this.host(name)
    const { poolBytes } = options
    const store =
      options.store ?? memoryStore(poolBytes ? { buffers: createBufferPool({ capacityBytes: poolBytes }) } : {})
    const exchange = await createExchange({
      host,
      store,
      random: seededRandom(this.nodes.length + 1),
      logger: recorder(log),
      limits: QUICK_LIMITS,
      ...options,
    })
    const node = { host, store, exchange, log }
    this.nodes.push(node)
    return node
  }

  async connectAll(): Promise<void> {
    for (const a of this.#hosts) for (const b of this.#hosts) if (a !== b) await a.connect(b.peerId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.nodes.map(({ exchange }) => exchange.close()))
    await Promise.allSettled(this.#hosts.map(host => host.close()))
    await Promise.allSettled(this.nodes.map(({ store }) => store.close()))
  }
}

/** Bytes without repetition, the same for a seed. */
export function randomBlob(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = seed * 2654435761 + 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

export async function ingest(store: BlobStore, bytes: Uint8Array): Promise<BlobDescriptor> {
  return await store.ingest(pieces(bytes), { maxBytes: bytes.byteLength })
}

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Takes over some chunks of a blob that another store holds. */
export async function copyChunks(
  from: BlobStore,
  to: BlobStore,
  blob: BlobDescriptor,
  wanted: (chunk: number) => boolean,
): Promise<number> {
  const manifest = (await from.manifest(blob.chunks))!
  const partial = await to.begin(manifest)
  await using reader = await from.reader(blob.sha)
  let copied = 0
  for (const [index, { length }] of manifest.chunks.entries()) {
    if (!wanted(index)) continue
    const buffer = await to.buffers.acquire(length)
    buffer.bytes.set(await reader.readChunk(index, 0, length))
    await partial.write(index, buffer)
    copied += length
  }
  await partial.close()
  return copied
}

export async function readAll(store: BlobStore, blob: BlobDescriptor): Promise<Uint8Array> {
  await using reader = await store.reader(blob.sha)
  return await reader.read(0, blob.sizeBytes)
}

function recorder(log: LoggedEvent[]): Logger {
  const at =
    (level: LogLevel) =>
    (event: string, fields: object = {}): void => {
      log.push({ level, event, fields: { ...fields } })
    }
  return {
    ...silentLogger,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => recorder(log),
  }
}
