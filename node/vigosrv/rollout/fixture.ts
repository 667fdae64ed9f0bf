import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { MONITOR_DEFAULTS, type MonitorSettings } from '#config/publish'
import { type Publisher, type PublisherOptions, type ReleaseHash, Releases } from '#config/store'
import { type AuditEntry, AuditLog, auditFolder } from '#node/audit'
import { noCounts, type RunOutcome } from '#node/checkin'
import { type Clock, silentLogger } from '#node/kit'
import type { EnvoyRow, FleetEvent, RunSummary } from '../fleet/types.ts'
import { motd, TestHome } from '../policy/fixture.ts'
import { createPolicy, type Policy } from '../policy/index.ts'
import { standalonePublishing } from '../spanner/standalone.ts'
import { createRollout, type LiveRollout } from './live-rollout.ts'

export const MINUTE = 60_000

export class TestClock implements Clock {
  time = Date.UTC(2026, 10, 20, 12)
  now(): number {
    return this.time
  }
  monotonicMs(): number {
    return this.time
  }
  async sleep(): Promise<void> {
    await new Promise(setImmediate)
  }
}

/** One life of a server process: after so many changes of the disk it is as if it had been killed, and does nothing more. */
export class Life {
  readonly over: Promise<void>
  isOver = false
  #left: number
  readonly #end: () => void

  constructor(changes = Number.POSITIVE_INFINITY) {
    this.#left = changes
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#end = resolve
  }

  end(): void {
    this.isOver = true
    this.#end()
  }

  /** Before a change. Never resolves in a life that is over. */
  async change(): Promise<void> {
    if (this.#left-- <= 0) this.end()
    if (this.isOver) await new Promise<never>(() => undefined)
  }
}

interface Native {
  _put(...args: unknown[]): Promise<void>
  _batch(...args: unknown[]): Promise<void>
}
const native = Level.prototype as unknown as Native

class MortalLevel extends Level {
  life = new Life()
  async _put(...args: unknown[]): Promise<void> {
    await this.life.change()
    await native._put.apply(this, args)
  }
  async _batch(...args: unknown[]): Promise<void> {
    await this.life.change()
    await native._batch.apply(this, args)
  }
}

class MortalReleases extends Releases {
  readonly #life: () => Life
  constructor(releases: Releases, life: () => Life) {
    super({ places: releases.places })
    this.#life = life
  }
  override async publisher(options: PublisherOptions): Promise<Publisher> {
    const life = this.#life()
    await life.change()
    const publisher = await super.publisher(options)
    const rollback = async (request: Parameters<Publisher['rollback']>[0]) => {
      const result = await publisher.rollback(request)
      // The kernel would take the lock of a process that is gone.
      await publisher[Symbol.asyncDispose]()
      await life.change()
      return result
    }
    return {
      rollback,
      [Symbol.asyncDispose]: async () => await publisher[Symbol.asyncDispose](),
    } as unknown as Publisher
  }
}

/** How a host does with a release that it has had `runs` times before. */
export type Behave = (host: string, text: string, runs: number) => RunOutcome

const USUAL: Behave = (_host, text, runs) =>
  text.startsWith('bad') ? 'degraded' : runs === 0 ? 'changed' : 'converged'

/** A server with real releases, policy, database and audit log, and a fleet that reports what the test says. */
export class TestServer implements AsyncDisposable {
  readonly clock = new TestClock()
  readonly texts = new Map<ReleaseHash, string>()
  readonly pushed: string[] = []
  behave: Behave = USUAL
  settings: MonitorSettings = MONITOR_DEFAULTS
  policy!: Policy
  rollout!: LiveRollout
  readonly home: TestHome
  readonly #rows = new Map<string, EnvoyRow>()
  readonly #runs = new Map<string, number>()
  readonly #folder: string
  #listeners = new Set<(event: FleetEvent) => void>()
  #db!: MortalLevel
  #count = 0

  private constructor(home: TestHome, folder: string) {
    this.home = home
    this.#folder = folder
  }

  static async create(hosts: number): Promise<TestServer> {
    const server = new TestServer(await TestHome.create(), await mkdtemp(join(tmpdir(), 'vigo-rollout-')))
    for (let at = 1; at <= hosts; at++) server.addHost(`h${at}.example.com`)
    await server.start()
    return server
  }

  /** With a first release that all hosts have converged on. */
  static async converged(hosts: number): Promise<TestServer> {
    const server = await TestServer.create(hosts)
    await server.publish('first')
    await server.checkIn()
    await server.checkIn()
    return server
  }

  get hosts(): string[] {
    return [...this.#rows.keys()]
  }

  addHost(hostname: string): void {
    const row = { peer: `key of ${hostname}`, hostname, isConnected: true, lastRun: null }
    this.#rows.set(hostname, row as unknown as EnvoyRow)
  }

  disconnect(hostname: string): void {
    this.#rows.set(hostname, { ...this.#rows.get(hostname)!, isConnected: false })
  }

  async start(life = new Life()): Promise<void> {
    this.#listeners = new Set()
    const db = new MortalLevel(join(this.#folder, 'db'))
    db.life = life
    this.#db = db
    const { clock } = this
    this.policy = await createPolicy({ releases: this.home.releases, clock, logger: silentLogger })
    const releases = new MortalReleases(this.home.releases, () => db.life)
    this.rollout = await createRollout({
      db: this.#db,
      clock,
      logger: silentLogger,
      releases,
      publishing: () => standalonePublishing(releases),
      policy: this.policy,
      fleet: {
        rows: () => [...this.#rows.values()],
        onEvent: listener => {
          this.#listeners.add(listener)
          return () => this.#listeners.delete(listener)
        },
        push: peers => this.pushed.push(...peers),
      },
      audit: new AuditLog({ folder: auditFolder(this.#folder), clock }),
      settings: () => this.settings,
      tickMs: 1_000_000,
    })
  }

  /** As kill -9, and a new start. */
  async restart(life = new Life()): Promise<void> {
    this.#db.life.end()
    await this.#db.close()
    await this.start(life)
  }

  /** From now on the server survives so many changes of the disk. */
  doom(life: Life): void {
    this.#db.life = life
  }

  async publish(text: string): Promise<ReleaseHash> {
    await this.home.place(motd(text))
    const live = (await this.home.releases.live())!
    this.texts.set(live, text)
    await this.policy.reload()
    await this.settle()
    return live
  }

  /** Hosts get what they should have, do it and report. */
  async checkIn(hosts: readonly string[] = this.hosts): Promise<void> {
    for (const host of hosts) {
      const release = this.policy.releaseFor(host)
      if (release !== null) this.report(host, release)
    }
    await this.settle()
  }

  report(host: string, release: ReleaseHash, change: Partial<RunSummary> = {}): void {
    const before = this.#rows.get(host)!
    const runs = before.lastRun?.release === release ? (this.#runs.get(host) ?? 0) : 0
    this.#runs.set(host, runs + 1)
    const now = this.clock.now()
    const run: RunSummary = {
      id: String(++this.#count).padStart(32, '0'),
      release,
      mode: 'enforce',
      outcome: this.behave(host, this.texts.get(release) ?? '', runs),
      offline: false,
      receivedAt: now,
      startedAt: now,
      durationMs: 1,
      counts: noCounts(),
      ...change,
    }
    const row = { ...before, lastRun: run }
    this.#rows.set(host, row)
    for (const listener of this.#listeners) listener({ type: 'run', row, run })
  }

  async pass(durationMs: number): Promise<void> {
    this.clock.time += durationMs
    await Promise.race([this.rollout.tick(), this.killed()])
    await this.settle()
  }

  /** All that was set off is done, or the server is dead. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await Promise.race([this.rollout.tick(), this.killed()])
  }

  get isDead(): boolean {
    return this.#db.life.isOver
  }

  outcomeOf(host: string): RunOutcome | undefined {
    return this.#rows.get(host)?.lastRun?.outcome
  }

  /** What each host should have, by text. */
  get wanted(): Record<string, string> {
    const texts = this.hosts.map(host => [host.split('.')[0], this.texts.get(this.policy.releaseFor(host) ?? '')])
    return Object.fromEntries(texts) as Record<string, string>
  }

  async audited(): Promise<readonly AuditEntry[]> {
    const folder = auditFolder(this.#folder)
    return (await new AuditLog({ folder }).read({ limit: 100 })).toReversed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isDead) await this.rollout.close()
    await this.#db.close()
    await this.home[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async killed(): Promise<void> {
    await this.#db.life.over
  }
}
