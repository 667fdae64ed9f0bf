import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'
import type { Bundle, BundleResource } from '#config/store'
import { type BoltSession, type FromBolt, type FromEnvoy, STILL, serveCheckins } from '#node/checkin'
import { type Host, type MemoryNetwork, memoryNetwork } from '#node/host'
import { type Logger, silentLogger, systemClock } from '#node/kit'
import { bundle, equip, ToyMachine, temporaryFolder } from '../converge/fixture.ts'
import { converge } from '../converge/index.ts'
import { refusalOfCommand } from '../guardrails/index.ts'
import { Tasks } from '../tasks/index.ts'
import { hostView, TraitCollection } from '../traits/index.ts'
import type { HomingTimes } from './homing.ts'
import { BundleFile, EnvoyLoop, ReportQueue } from './index.ts'

export const until = (condition: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 10_000, interval: 5 })

export const policy = (resources: readonly BundleResource[], given: Partial<Bundle> = {}) => bundle(resources, given)

type CheckIn = Extract<FromEnvoy, { type: 'check-in' }>

/** Of one conversation. */
interface Memory {
  checkIn: CheckIn | null
  said: string
}

/** A bolt that speaks the protocol and does what a test says. */
export class TestBolt {
  readonly heard: FromEnvoy[] = []
  readonly secrets: Record<string, string> = {}
  bundle: Bundle | null = null
  epoch = 1
  intervalMs = 60_000
  isMute = false
  stores = true
  answerCheckIn: ((message: CheckIn) => FromBolt | null) | null = null
  #sessions = new Set<BoltSession>()

  /** Also those that say no more than that nothing has changed. */
  get checkIns(): number {
    return this.of('check-in').length + this.of('still').length
  }

  async serve(host: Host): Promise<void> {
    await serveCheckins(host, async session => {
      this.#sessions.add(session)
      const memory: Memory = { checkIn: null, said: '' }
      try {
        for (;;) {
          const message = await session.receive()
          if (message === null) return
          this.heard.push(message)
          const reply = this.isMute ? null : this.#reply(message, memory)
          if (reply !== null) await session.send(reply)
        }
      } finally {
        this.#sessions.delete(session)
      }
    })
  }

  async say(message: FromBolt): Promise<void> {
    for (const session of this.#sessions) await session.send(message)
  }

  hangUp(): void {
    for (const session of this.#sessions) session.close(new Error('bye'))
  }

  of<T extends FromEnvoy['type']>(type: T): Extract<FromEnvoy, { type: T }>[] {
    return this.heard.filter((message): message is Extract<FromEnvoy, { type: T }> => message.type === type)
  }

  #reply(message: FromEnvoy, memory: Memory): FromBolt | null {
    switch (message.type) {
      case 'still':
      case 'check-in': {
        const checkIn = message.type === 'still' ? memory.checkIn : message
        if (checkIn === null) throw new Error('still before any check-in')
        const answer = this.#answer(checkIn)
        const said = JSON.stringify(answer)
        const isRepeated = message.type === 'still' && memory.said === said
        Object.assign(memory, { checkIn, said })
        return isRepeated ? STILL : answer
      }
      case 'report':
        return this.stores ? { type: 'report-stored', run: message.run.id } : null
      case 'secrets': {
        const known = message.paths.every(path => Object.hasOwn(this.secrets, path))
        if (!known) return { type: 'secrets', bundle: message.bundle, values: {}, problem: "'db/x' is not set" }
        return { type: 'secrets', bundle: message.bundle, values: this.secrets }
      }
      case 'hello':
      case 'task-output':
      case 'task-done':
        return null
    }
  }

  #answer(message: CheckIn): FromBolt {
    const own = this.answerCheckIn?.(message)
    if (own !== undefined && own !== null) return own
    const { intervalMs, epoch: secretsEpoch } = this
    if (this.bundle === null) return { type: 'no-policy', reason: 'nothing is live', intervalMs }
    if (message.bundle === this.bundle.hash) {
      return { type: 'unchanged', release: this.bundle.release, intervalMs, secretsEpoch }
    }
    return { type: 'bundle', bundle: this.bundle, intervalMs, secretsEpoch }
  }
}

export interface Given {
  /** The one that should serve the envoy first. */
  bolts?: string[]
  homingTimes?: HomingTimes
  mode?: 'enforce' | 'dry-run'
  write?: () => Promise<void>
  logger?: Logger
}

/** One envoy with a toy machine, and a bolt, for each test. */
export class Lab {
  readonly folder: string
  readonly network: MemoryNetwork = memoryNetwork()
  readonly toy = new ToyMachine()
  readonly bolt = new TestBolt()
  readonly loops: EnvoyLoop[] = []
  readonly hosts: Host[] = []
  #bolts: readonly string[] = ['bolt']
  #tellOrder: () => void = () => undefined
  host: Host

  private constructor(folder: string) {
    this.folder = folder
    this.host = this.newHost('envoy')
  }

  static async open(): Promise<Lab> {
    const lab = new Lab(await temporaryFolder())
    await mkdir(join(lab.folder, 'reports'))
    await lab.bolt.serve(lab.newHost('bolt'))
    return lab
  }

  newHost(peerId: string): Host {
    const host = this.network.createHost({ peerId })
    this.hosts.push(host)
    return host
  }

  async startBolt(peerId: string): Promise<TestBolt> {
    const started = new TestBolt()
    await started.serve(this.newHost(peerId))
    return started
  }

  async startLoop(given: Given = {}): Promise<EnvoyLoop> {
    const { folder, toy, host } = this
    const logger = given.logger ?? silentLogger
    const write = given.write === undefined ? {} : { write: given.write }
    const times = given.homingTimes === undefined ? {} : { homingTimes: given.homingTimes }
    this.#bolts = given.bolts ?? ['bolt']
    const equipment = await equip(toy, folder, { logger })
    const { memory, journal, secrets, clock } = equipment
    const loop = new EnvoyLoop({
      host,
      bolts: () => this.#bolts,
      onBolts: listener => {
        this.#tellOrder = listener
        return () => undefined
      },
      reach: (peer, call) => host.connect(peer, call),
      ...times,
      version: '1.0.0',
      bundles: await BundleFile.open({ folder, hostname: 'web.a', logger, ...write }),
      reports: await ReportQueue.open({ folder: join(folder, 'reports'), logger, ...write }),
      traits: new TraitCollection({
        host: hostView('web.a', folder),
        collectors: [{ name: 'os', freshness: 'volatile', collect: async () => ({ os: { family: 'debian' } }) }],
        clock,
        logger,
      }),
      secrets,
      memory,
      journal,
      converge: (order, options) => converge(order, equipment, options),
      tasks: send =>
        new Tasks({
          send,
          refusalOf: command => refusalOfCommand(command),
          mask: text => secrets.masker.mask(text),
          cwd: folder,
          clock,
          logger,
        }),
      mode: given.mode ?? 'enforce',
      isReporting: true,
      clock: systemClock,
      random: Math.random,
      neighboursMs: 0,
      logger,
    })
    this.loops.push(loop)
    await loop.start()
    return loop
  }

  /** As when routes have changed. */
  reorder(bolts: readonly string[]): void {
    this.#bolts = bolts
    this.#tellOrder()
  }

  /** Of the first result of each report. */
  states(): (string | undefined)[] {
    return this.bolt.of('report').map(({ run }) => run.results[0]?.state)
  }

  async close(): Promise<void> {
    for (const loop of this.loops) await loop.close()
    for (const each of this.hosts) await each.close()
    await rm(this.folder, { recursive: true })
  }
}

/** Another one for each test of the file. */
export function labs(): () => Lab {
  let lab: Lab
  beforeEach(async () => {
    lab = await Lab.open()
  })
  afterEach(() => lab.close())
  return () => lab
}
