import { setTimeout as sleep } from 'node:timers/promises'
import { sampleHost } from '#config/store'
import { type EnvoySession, type FromBolt, openCheckin, STILL } from '#node/checkin'
import { createHost, type Host } from '#node/host'
import { fromHex, sha256Hex, silentLogger } from '#node/kit'
import { percentile } from '../harness/statistics.ts'

export interface EnvoysOptions {
  readonly seeds: readonly string[]
  /** Of the first of them, among all of the fleet. */
  readonly first: number
  readonly fleetId: string
  readonly server: string
  readonly crates: number
}

/** How many of this process's envoys connect at the same time; handshakes cost it as much as the server. */
const CONNECTING_AT_ONCE = 8
const CONNECT_ATTEMPTS = 10
/** What a machine of ours tells of itself, in bytes of JSON. */
const TRAITS_BYTES = 8 * 1024

/** One envoy as the server sees it: a connection and a conversation of its own, and nothing behind them. */
class SimulatedEnvoy {
  readonly #host: Host
  readonly #session: EnvoySession
  readonly #traits: Readonly<Record<string, unknown>>
  readonly #traitsHash: string
  #bundle = ''
  #release = ''
  #waiting: ((message: FromBolt) => void) | undefined
  #hasSentTraits = false
  /** Nothing was new the last time. */
  #isSettled = false
  onCall: () => void = () => undefined

  constructor(host: Host, session: EnvoySession, traits: Readonly<Record<string, unknown>>) {
    this.#host = host
    this.#session = session
    this.#traits = traits
    this.#traitsHash = sha256Hex(JSON.stringify(traits))
    void this.#listen().catch(() => undefined)
  }

  get release(): string {
    return this.#release
  }

  /** Milliseconds until it had its answer, turned away as often as may be. */
  async checkIn(): Promise<number> {
    const startedAt = performance.now()
    for (;;) {
      const answer = await this.#ask()
      if (answer.type !== 'still') this.#isSettled = false
      if (answer.type === 'bundle') {
        this.#bundle = answer.bundle.hash
        this.#release = answer.bundle.release
      }
      if (answer.type === 'unchanged') {
        this.#isSettled = answer.release === this.#release
        this.#release = answer.release
      }
      if (answer.type !== 'refused') return performance.now() - startedAt
      this.#hasSentTraits = false
      await sleep(answer.retryMs)
    }
  }

  async close(): Promise<void> {
    await this.#host.close()
  }

  async #ask(): Promise<FromBolt> {
    const { promise, resolve } = Promise.withResolvers<FromBolt>()
    this.#waiting = resolve
    if (this.#isSettled) {
      await this.#session.send(STILL)
      return await promise
    }
    await this.#session.send({
      type: 'check-in',
      bundle: this.#bundle,
      release: this.#release,
      traitsHash: this.#traitsHash,
      ...(this.#hasSentTraits ? {} : { traits: this.#traits }),
    })
    this.#hasSentTraits = true
    return await promise
  }

  async #listen(): Promise<void> {
    for (;;) {
      const message = await this.#session.receive()
      if (message === null) return
      if (message.type === 'check-in-now') this.onCall()
      else this.#waiting?.(message)
    }
  }
}

let envoys: SimulatedEnvoy[] = []
let looping: AbortController | undefined
let latencies: number[] = []
let loops: Promise<unknown> = Promise.resolve()

/** Hosts, connections and first check-ins; answers how long those took. */
export async function connectEnvoys(options: EnvoysOptions): Promise<Latencies> {
  const { seeds, first, server, crates } = options
  let next = 0
  const connect = async (): Promise<void> => {
    while (next < seeds.length) {
      const at = next++
      const host = await createHost({
        privateKeySeed: fromHex(seeds[at] ?? ''),
        listen: [],
        fleetId: options.fleetId,
        gate: () => true,
        relay: 'off',
        logger: silentLogger,
      })
      const session = await openSession(host, server)
      const { traits } = sampleHost((first + at) % crates, Math.floor((first + at) / crates))
      const envoy = new SimulatedEnvoy(host, session, { ...(traits as object), facts: 'x'.repeat(TRAITS_BYTES) })
      envoys[at] = envoy
      latencies.push(await envoy.checkIn())
    }
  }
  envoys = []
  latencies = []
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connect))
  return summarised(latencies)
}

/** Tries several times: a machine that plays a whole fleet keeps some of it waiting. */
async function openSession(host: Host, server: string): Promise<EnvoySession> {
  for (let attempt = 1; ; attempt++) {
    try {
      const session = await openCheckin(host, await host.connect(server))
      await session.send({ type: 'hello', version: 'bench' })
      return session
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS) throw error
    }
  }
}

/** From now on each checks in at its interval, spread evenly, and at once when it is called. */
export async function startLoops({ intervalMs }: { intervalMs: number }): Promise<void> {
  looping = new AbortController()
  const { signal } = looping
  latencies = []
  loops = Promise.all(envoys.map((envoy, at) => loop(envoy, intervalMs, (at / envoys.length) * intervalMs, signal)))
}

/** Answers what happened since they were started. */
export async function stopLoops(): Promise<Latencies> {
  looping?.abort()
  await loops
  return summarised(latencies)
}

/** How many of them have the release. */
export async function withRelease({ release }: { release: string }): Promise<number> {
  return envoys.filter(envoy => envoy.release === release).length
}

export async function closeEnvoys(): Promise<void> {
  looping?.abort()
  await Promise.all(envoys.map(envoy => envoy.close()))
  envoys = []
}

export interface Latencies {
  readonly count: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly maxMs: number
}

async function loop(envoy: SimulatedEnvoy, intervalMs: number, firstMs: number, signal: AbortSignal): Promise<void> {
  let wake = (): void => undefined
  envoy.onCall = () => wake()
  signal.addEventListener('abort', () => wake(), { once: true })
  let waitMs = firstMs
  while (!signal.aborted) {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, waitMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (signal.aborted) return
    latencies.push(await envoy.checkIn())
    waitMs = intervalMs
  }
}

function summarised(all: readonly number[]): Latencies {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (share: number): number => (sorted.length === 0 ? 0 : percentile(sorted, share))
  return { count: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) ?? 0 }
}
