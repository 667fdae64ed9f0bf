import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import type { ResolvedSecrets } from '#config/secrets'
import { type ConfigStore, loadConfig } from '#config/store'
import { type AuditEntry, AuditLog, auditFolder } from '#node/audit'
import type { TaskOrder } from '#node/checkin'
import { silentLogger, systemClock } from '#node/kit'
import type { EnvoyRow, TaskChannel, TaskEvent } from '../fleet/types.ts'
import { createTasks, type Tasks } from './task-service.ts'
import type { TaskProgress, TaskRow } from './types.ts'

/** What a host does when it gets a command. */
export type Behaviour =
  | {
      readonly exit: number | null
      readonly output?: readonly string[]
      readonly problem?: string
      readonly durationMs?: number
    }
  | 'silent'
  | 'lost'
  | 'away'

/** Envoys that do as they are told by the test; everything else of the server is real. */
export class TestFleet implements TaskChannel, AsyncDisposable {
  readonly orders: { peer: string; hostname: string; order: TaskOrder }[] = []
  readonly cancelled: string[] = []
  readonly changes: string[] = []
  behave: (hostname: string) => Behaviour = () => ({ exit: 0 })
  secrets: Readonly<Record<string, string>> = {}
  /** Paths that the configuration of a host refers to. */
  secretsOf: (hostname: string) => readonly string[] = () => []
  traits: (hostname: string) => Readonly<Record<string, unknown>> | null = () => ({})
  store: ConfigStore | null = null
  tasks!: Tasks
  readonly #hostnames: readonly string[]
  readonly #listeners = new Set<(peer: string, event: TaskEvent) => void>()
  readonly #open = new Map<string, string>()
  #folder = ''
  #db!: Level
  #audit!: AuditLog

  private constructor(hostnames: readonly string[]) {
    this.#hostnames = hostnames
  }

  static async create(
    hosts: number | readonly string[],
    files: Readonly<Record<string, string>> = {},
  ): Promise<TestFleet> {
    const names = typeof hosts === 'number' ? Array.from({ length: hosts }, (_, at) => `h${at + 1}`) : hosts
    const fleet = new TestFleet(names)
    fleet.#folder = await mkdtemp(join(tmpdir(), 'vigo-tasks-'))
    fleet.#audit = new AuditLog({ folder: auditFolder(fleet.#folder) })
    const sources = Object.entries(files).map(([path, text]) => ({ path, text }))
    fleet.store = loadConfig(sources, { release: 'test' })
    if (fleet.store.hasErrors) throw new Error(fleet.store.diagnostics.map(({ message }) => message).join('\n'))
    await fleet.start()
    return fleet
  }

  async start(): Promise<void> {
    this.#db = new Level(join(this.#folder, 'db'))
    this.tasks = await createTasks({
      db: this.#db,
      clock: systemClock,
      logger: silentLogger,
      audit: this.#audit,
      policy: this,
      fleet: {
        rows: () => this.#hostnames.map((hostname, at) => ({ peer: peerOf(at), hostname }) as EnvoyRow),
        traits: async peer => this.traits(this.#nameOf(peer)),
        bundle: async peer => ({ secrets: this.secretsOf(this.#nameOf(peer)) }) as never,
      },
      channel: this,
      secrets: { resolve: async paths => this.#resolve(paths) },
      onChange: id => this.changes.push(id),
      healthTimeoutMs: 5000,
      graceMs: 200,
    })
  }

  /** As kill -9 leaves it: nothing is ended, the database is as it was. */
  async crash(): Promise<void> {
    this.#listeners.clear()
    await this.#db.close()
    await this.start()
  }

  isConnected(peer: string): boolean {
    return this.behave(this.#nameOf(peer)) !== 'away'
  }

  sendTask(peer: string, order: TaskOrder): boolean {
    const hostname = this.#nameOf(peer)
    this.orders.push({ peer, hostname, order })
    this.#open.set(peer, order.id)
    const behaviour = this.behave(hostname)
    if (behaviour !== 'silent' && behaviour !== 'away') setImmediate(() => this.#answer(peer, order.id, behaviour))
    return behaviour !== 'away'
  }

  cancelTask(peer: string, task: string): boolean {
    const hostname = this.#nameOf(peer)
    this.cancelled.push(hostname)
    if (this.#open.get(peer) !== task) return false
    if (this.behave(hostname) !== 'silent')
      setImmediate(() => this.#answer(peer, task, { exit: null, problem: 'cancelled' }))
    return true
  }

  onTask(listener: (peer: string, event: TaskEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Says something out of turn. */
  say(peer: string, event: TaskEvent): void {
    for (const listener of this.#listeners) listener(peer, event)
  }

  async ended(id: string): Promise<TaskRow> {
    for await (const _progress of this.tasks.watch(id)) void _progress
    return (await this.tasks.get(id))!
  }

  async progress(id: string): Promise<TaskProgress[]> {
    const all: TaskProgress[] = []
    for await (const progress of this.tasks.watch(id)) all.push(progress)
    return all
  }

  async audited(): Promise<readonly AuditEntry[]> {
    return (await this.#audit.read({ limit: 100 })).toReversed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tasks.close()
    await this.#db.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #answer(peer: string, task: string, behaviour: Exclude<Behaviour, 'silent' | 'away'>): void {
    if (this.#open.get(peer) !== task) return
    if (behaviour === 'lost') {
      this.#open.delete(peer)
      this.say(peer, { type: 'task-lost', task })
      return
    }
    for (const text of behaviour.output ?? []) this.say(peer, { type: 'task-output', task, stream: 'stdout', text })
    this.#open.delete(peer)
    const { exit, problem, durationMs = 5 } = behaviour
    this.say(peer, {
      type: 'task-done',
      task,
      exitCode: exit,
      durationMs,
      ...(problem === undefined ? {} : { problem }),
    })
  }

  #nameOf(peer: string): string {
    return this.#hostnames[Number.parseInt(peer.slice(0, 8), 16)] ?? ''
  }

  async #resolve(paths: readonly string[]): Promise<ResolvedSecrets> {
    const found = paths.filter(path => path in this.secrets)
    return {
      values: new Map(found.map(path => [path, this.secrets[path] ?? ''])),
      missing: paths.filter(path => !(path in this.secrets)),
    }
  }
}

export function peerOf(at: number): string {
  return at.toString(16).padStart(8, '0') + '0'.repeat(56)
}

/** `h1 succeeded, h2 failed`. */
export function statesOf({ hosts }: TaskRow): string {
  return hosts.map(({ hostname, state }) => `${hostname} ${state}`).join(', ')
}
