import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Bundle, BundleResource } from '#config/store'
import { Run } from '#node/checkin'
import { type Logger, sha256Hex, silentLogger, systemClock } from '#node/kit'
import type { Attributes, Executor, ExecutorOptions, Finding } from '../executors/executor.ts'
import type { Machine } from '../executors/machine.ts'
import { type Converged, converge, type Equipment, Journal, Memory, RUN_LIMITS, Secrets } from './index.ts'

/** A resource of a test: what matters is given, the rest is as compiled bundles have it. */
export function resource(id: string, given: Partial<BundleResource> = {}): BundleResource {
  const [crate = '', name = ''] = id.split('/')
  return {
    id,
    crate,
    name,
    type: 'value',
    custom: false,
    attributes: { key: id, value: 'wanted' },
    when: '',
    dependsOn: [],
    notify: [],
    subscribes: [],
    ...given,
  }
}

export function bundle(resources: readonly BundleResource[], given: Partial<Bundle> = {}): Bundle {
  return {
    release: sha256Hex('release'),
    host: 'web.a',
    entry: { match: '*', place: 'envoys.vgo:1' },
    environment: null,
    hash: sha256Hex(JSON.stringify(resources)),
    crates: [],
    resources,
    usercrates: [],
    skipped: [],
    waivers: [],
    claims: {},
    secrets: [],
    artifacts: [],
    ...given,
  }
}

/** A machine that is a map, with executors that do what their attributes say. */
export class ToyMachine {
  readonly values = new Map<string, string>()
  /** `check a/b`, `apply a/b`, in order. */
  readonly log: string[] = []
  readonly broken = new Map<string, Error>()
  readonly traits = new Map<string, unknown>()
  onApply: (key: string, signal: AbortSignal) => Promise<void> = async () => undefined
  isSandboxed = false

  readonly machine: Machine = {
    root: '/',
    isSandboxed: false,
    trait: path => this.traits.get(path),
    path: path => path,
    artifact: async () => '',
    download: async () => '',
    stateFolder: '/nowhere',
    usercratePolicy: '/nowhere',
    logger: silentLogger,
    run: async (_program, args) => ({
      exitCode: args.includes('true') ? 0 : 1,
      signal: null,
      stdout: '',
      stderr: '',
      isTimedOut: false,
    }),
    start: async () => ({ pid: 0, ended: Promise.resolve() }),
    accounts: {
      user: async () => null,
      group: async () => null,
      userName: async uid => String(uid),
      groupName: async gid => String(gid),
      canImpersonate: false,
    },
  }

  readonly executorOf = (type: string): Executor | undefined => {
    if (type === 'value') return this.#value('until-compliant', 'paths')
    if (type === 'host-value') return this.#value('until-compliant', 'host')
    if (type === 'service' || type === 'exec' || type === 'reboot') return this.#acting(type)
    return undefined
  }

  #value(acts: Executor['acts'], reach: Executor['reach']): Executor {
    return {
      type: 'value',
      reach,
      acts,
      check: async ({ key, value, note }) => {
        this.log.push(`check ${String(key)}`)
        this.#fail(`check ${String(key)}`)
        return this.#difference(String(key), String(value), note)
      },
      apply: async ({ key, value }, _difference, _machine, { signal }) => {
        await this.onApply(String(key), signal)
        signal.throwIfAborted()
        this.log.push(`apply ${String(key)}`)
        this.#fail(`apply ${String(key)}`)
        if (!this.broken.has(`keep ${String(key)}`)) this.values.set(String(key), String(value))
        return { output: `wrote ${String(value)}` }
      },
    }
  }

  /** Acts when it is triggered, and never otherwise. */
  #acting(type: string): Executor {
    const finding = ({ key }: Attributes, { isTriggered }: ExecutorOptions): Finding => {
      this.#fail(`check ${String(key)}`)
      if (!isTriggered) return { kind: 'skipped', reason: 'nothing has triggered it' }
      return { kind: 'different', changes: [{ attribute: 'state', from: 'running', to: 'restarted' }] }
    }
    return {
      type,
      reach: 'paths',
      acts: 'always',
      check: async (attributes, _machine, options) => finding(attributes, options),
      apply: async ({ key }, _difference, _machine, { signal }) => {
        await this.onApply(String(key), signal)
        signal.throwIfAborted()
        this.log.push(`apply ${String(key)}`)
        this.#fail(`apply ${String(key)}`)
        return {}
      },
    }
  }

  #difference(key: string, value: string, note: unknown): Finding {
    const now = this.values.get(key)
    if (now === value) return { kind: 'compliant' }
    const diff = typeof note === 'string' ? { diff: `+${note}` } : {}
    return { kind: 'different', changes: [{ attribute: 'value', from: now ?? '', to: value }], ...diff }
  }

  #fail(what: string): void {
    const error = this.broken.get(what)
    if (error !== undefined) throw error
  }
}

/** What a process of the agent has: opened anew after a kill, over the same folder. */
export async function equip(toy: ToyMachine, folder: string, given: Partial<Equipment> = {}): Promise<Equipment> {
  const logger: Logger = given.logger ?? silentLogger
  return {
    machine: toy.machine,
    executorOf: type => toy.executorOf(type),
    refusalOf: () => null,
    mayEndAgent: ({ type }) => type === 'reboot',
    allowHost: false,
    secrets: new Secrets(new Uint8Array(32)),
    memory: await Memory.open({ folder, logger }),
    journal: new Journal({ folder, logger }),
    limits: RUN_LIMITS,
    clock: systemClock,
    logger,
    ...given,
  }
}

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'vigo-envoy-'))
}

/** A toy machine, and runs on it that report what the protocol has. */
export class Lab {
  readonly folder: string
  readonly toy: ToyMachine
  equipment: Equipment

  private constructor(folder: string, toy: ToyMachine, equipment: Equipment) {
    this.folder = folder
    this.toy = toy
    this.equipment = equipment
  }

  static async open(): Promise<Lab> {
    const folder = await temporaryFolder()
    const toy = new ToyMachine()
    return new Lab(folder, toy, await equip(toy, folder))
  }

  /** As after the end of the process: what is on disk is what is known. */
  async restart(): Promise<void> {
    this.equipment = await equip(this.toy, this.folder)
  }

  async run(
    resources: readonly BundleResource[],
    given: { mode?: 'enforce' | 'dry-run'; secrets?: string[]; signal?: AbortSignal } = {},
  ): Promise<Converged> {
    const { mode = 'enforce', secrets = [], signal = new AbortController().signal } = given
    const order = { bundle: bundle(resources, { secrets }), mode, offline: false }
    const converged = await converge(order, this.equipment, { signal })
    expect(Value.Check(Run, converged.run)).toBe(true)
    await this.equipment.journal.clear()
    return converged
  }
}

/** Another one for each test of the file. */
export function labs(): () => Lab {
  let lab: Lab
  beforeEach(async () => {
    lab = await Lab.open()
  })
  afterEach(() => rm(lab.folder, { recursive: true }))
  return () => lab
}

export const states = ({ results }: Converged): Record<string, string> =>
  Object.fromEntries(results.map(({ id, state }) => [id, state]))

export const messageOf = ({ results }: Converged, id: string): string =>
  results.find(each => each.id === id)?.message ?? ''
