import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { Level } from 'level'
import type { Bundle } from '#config/store'
import type { AuditEvent } from '#node/audit'
import { type EnvoySession, type FromBolt, noCounts, openCheckin, type Run, type StateCounts } from '#node/checkin'
import { type Host, identityFromSeed, type MemoryNetwork, memoryNetwork } from '#node/host'
import { type Clock, Deadline, silentLogger, systemClock, toHex } from '#node/kit'
import { newSeed, type Signer, signerFromSeed } from '#swarm/record'
import { Roster, signAdmission, signRevocation } from '#swarm/roster'
import { type Files, TestHome } from '../policy/fixture.ts'
import { createPolicy, type Policy } from '../policy/index.ts'
import { Fleet } from './fleet.ts'
import type { Gate } from './gate.ts'
import type { Homes } from './homes.ts'
import type { RunLimits } from './run-log.ts'
import type { Secrets } from './types.ts'

const WITHIN_MS = 15_000

/** Resolves when the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** Real time that a test may move ahead. */
export class MovableClock implements Clock {
  aheadMs = 0

  now(): number {
    return systemClock.now() + this.aheadMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.aheadMs
  }

  sleep(durationMs: number, options?: { signal?: AbortSignal | undefined }): Promise<void> {
    return systemClock.sleep(durationMs, options)
  }
}

/** Values that a test sets. */
export class TestSecrets implements Secrets {
  readonly values = new Map<string, string>()
  epoch = 0
  #listener: () => void = () => undefined

  async resolve(paths: readonly string[]): Promise<Record<string, string>> {
    return Object.fromEntries(
      paths.map(path => {
        const value = this.values.get(path)
        if (value === undefined) throw new Error(`there is no secret ${path}`)
        return [path, value]
      }),
    )
  }

  set(path: string, value: string): void {
    this.values.set(path, value)
    this.epoch++
    this.#listener()
  }

  onChange(listener: () => void): () => void {
    this.#listener = listener
    return () => undefined
  }
}

export interface TestServerOptions {
  readonly limits?: Partial<RunLimits>
  readonly intervalMs?: number
  readonly gate?: Gate
  readonly homes?: Homes
}

/** A server with a database and releases of its own, on a network in memory. */
export class TestServer implements AsyncDisposable {
  readonly home: TestHome
  readonly network: MemoryNetwork
  readonly clock = new MovableClock()
  readonly secrets = new TestSecrets()
  readonly audit: AuditEvent[] = []
  readonly warnings: string[] = []
  readonly #folder: string
  readonly #options: TestServerOptions
  readonly #founder: Signer
  readonly fleetId: string
  db!: Level
  roster!: Roster
  policy!: Policy
  fleet!: Fleet
  host!: Host

  private constructor(home: TestHome, folder: string, options: TestServerOptions) {
    this.home = home
    this.#folder = folder
    this.#options = options
    this.network = memoryNetwork()
    this.#founder = signerFromSeed(newSeed())
    this.fleetId = toHex(this.#founder.publicKey)
  }

  static async start(files: Files | null, options: TestServerOptions = {}): Promise<TestServer> {
    const home = await TestHome.create()
    if (files !== null) await home.publish(files)
    const server = new TestServer(home, await mkdtemp(join(tmpdir(), 'vigo-fleet-')), options)
    await server.#open()
    return server
  }

  /** As after kill -9 and a new start: nothing is told, flushed or closed but what the next process needs. */
  async restart(options: { killed: boolean }): Promise<void> {
    if (!options.killed) await this.fleet.close()
    this.network.kill(this.host.peerId)
    await this.db.close()
    const abandoned = this.fleet
    await this.#open()
    await abandoned.close().catch(() => undefined)
  }

  async publish(files: Files): Promise<string> {
    const release = await this.home.publish(files)
    await this.policy.reload()
    return release
  }

  /** An envoy that the roster admits, not connected. */
  async admit(hostname: string, role: 'envoy' | 'bolt' = 'envoy'): Promise<TestEnvoy> {
    const envoy = new TestEnvoy(this, hostname)
    await this.#offer(envoy, role, 1)
    return envoy
  }

  /** Another server of the fleet, and an envoy that only it has admitted. */
  async admitElsewhere(hostname: string): Promise<{ bolt: { peer: string }; envoy: TestEnvoy }> {
    const signer = signerFromSeed(newSeed())
    const bolt = { peer: toHex(signer.publicKey), hostname: 'bolt2.example.com' }
    await this.#offer(bolt, 'bolt', 1)
    const envoy = new TestEnvoy(this, hostname)
    await this.#offer(envoy, 'envoy', 1, signer)
    return { bolt, envoy }
  }

  /** By the founder, with the key that it has. */
  readmit(envoy: TestEnvoy): Promise<void> {
    return this.#offer(envoy, 'envoy', 2)
  }

  async rename(envoy: TestEnvoy, hostname: string): Promise<void> {
    envoy.hostname = hostname
    await this.#offer(envoy, 'envoy', 2)
  }

  async revoke({ peer }: { peer: string }): Promise<void> {
    const statement = { peer, reason: 'test', issuedAt: this.clock.now() }
    await this.roster.offer(await signRevocation(statement, this.fleetId, this.#founder))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.close()
    await this.host.close()
    await this.db.close()
    await this.home[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #offer(
    { peer, hostname }: { peer: string; hostname: string },
    role: 'envoy' | 'bolt',
    serial: number,
    issuer = this.#founder,
  ): Promise<void> {
    const admission = { peer, hostname, role, os: 'linux', arch: 'amd64', serial, issuedAt: this.clock.now() }
    await this.roster.offer(await signAdmission(admission, this.fleetId, issuer))
  }

  async #open(): Promise<void> {
    const logger = { ...silentLogger, warn: (event: string) => void this.warnings.push(event) }
    this.db = new Level(join(this.#folder, 'db'))
    await this.db.open()
    this.roster = await Roster.open({ db: this.db, fleetId: this.fleetId, logger })
    this.policy = await createPolicy({ releases: this.home.releases, clock: this.clock, logger })
    const { limits = {}, intervalMs = 60_000, gate, homes } = this.#options
    this.fleet = await Fleet.open({
      db: this.db,
      roster: this.roster,
      policy: this.policy,
      secrets: this.secrets,
      audit: { append: async event => void this.audit.push(event) },
      clock: this.clock,
      random: Math.random,
      logger,
      settings: () => ({ intervalMs, runs: { keepMs: 7 * 24 * 3600e3, perEnvoy: 100, ...limits } }),
      ...(gate === undefined ? {} : { gate }),
      ...(homes === undefined ? {} : { homes }),
    })
    this.host = this.network.createHost({ peerId: identityFromSeed(newSeed()).peerId })
    await this.fleet.serve(this.host)
  }
}

export type Traits = Readonly<Record<string, unknown>>

export const UBUNTU: Traits = { os: { family: 'debian', distro: 'ubuntu', arch: 'amd64', version: '24.04' } }

/** One machine: speaks the protocol, and remembers what a real envoy would. */
export class TestEnvoy {
  hostname: string
  readonly peer: string
  readonly host: Host
  readonly #server: TestServer
  #session: EnvoySession | undefined
  bundle: Bundle | null = null

  constructor(server: TestServer, hostname: string) {
    this.hostname = hostname
    this.#server = server
    const { peerId, publicKey } = identityFromSeed(newSeed())
    this.peer = toHex(publicKey)
    this.host = server.network.createHost({ peerId })
  }

  get session(): EnvoySession {
    if (this.#session === undefined) throw new Error(`${this.hostname} is not connected`)
    return this.#session
  }

  async connect(): Promise<this> {
    const bolt = this.#server.host.peerId
    await this.host.connect(bolt)
    this.#session = await openCheckin(this.host, bolt)
    await this.session.send({ type: 'hello', version: '1.2.3' })
    return this
  }

  async next(): Promise<FromBolt> {
    using deadline = new Deadline(WITHIN_MS, `a message for ${this.hostname}`)
    const message = await this.session.receive({ signal: deadline.signal })
    if (message === null) throw new Error('the server ended the stream')
    return message
  }

  /** The next message of that type; others are passed over. */
  async nextOf<T extends FromBolt['type']>(type: T): Promise<Extract<FromBolt, { type: T }>> {
    for (;;) {
      const message = await this.next()
      if (message.type === type) return message as Extract<FromBolt, { type: T }>
    }
  }

  async checkIn(options: { traits?: Traits; withTraits?: boolean } = {}): Promise<FromBolt> {
    const { traits = UBUNTU, withTraits = true } = options
    await this.session.send({
      type: 'check-in',
      bundle: this.bundle?.hash ?? '',
      release: this.bundle?.release ?? '',
      traitsHash: hashOf(traits),
      ...(withTraits ? { traits } : {}),
    })
    for (;;) {
      const message = await this.next()
      if (message.type === 'check-in-now') continue
      if (message.type === 'bundle') this.bundle = message.bundle
      if (message.type === 'unchanged' && this.bundle !== null) {
        this.bundle = { ...this.bundle, release: message.release }
      }
      return message
    }
  }

  /** Of the bundle that it has. */
  run(counts: Partial<StateCounts> = {}, more: Partial<Run> = {}): Run {
    return {
      id: toHex(randomBytes(16)),
      release: this.bundle?.release ?? '',
      bundle: this.bundle?.hash ?? '0'.repeat(64),
      mode: 'enforce',
      startedAt: Date.now(),
      durationMs: 12,
      outcome: 'completed',
      offline: false,
      counts: { ...noCounts(), compliant: 1, ...counts },
      results: [],
      resultsLeftOut: 0,
      ...more,
    }
  }

  async report(run: Run): Promise<Extract<FromBolt, { type: 'report-stored' }>> {
    await this.session.send({ type: 'report', run })
    return await this.nextOf('report-stored')
  }
}

export function hashOf(traits: Traits): string {
  return createHash('sha256')
    .update(canonicalize(traits) ?? '')
    .digest('hex')
}
