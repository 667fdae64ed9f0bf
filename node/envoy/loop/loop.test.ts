import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Bundle, BundleResource } from '#config/store'
import { type BoltSession, CHECKIN_PROTOCOL, type FromBolt, type FromEnvoy, serveCheckins } from '#node/checkin'
import { type Host, type MemoryNetwork, memoryNetwork } from '#node/host'
import { type Logger, sha256Hex, silentLogger, systemClock } from '#node/kit'
import { bundle, equip, resource, ToyMachine, temporaryFolder } from '../converge/fixture.ts'
import { converge, type Equipment } from '../converge/index.ts'
import { refusalOfCommand } from '../guardrails/index.ts'
import { Tasks } from '../tasks/index.ts'
import { hostView, TraitCollection } from '../traits/index.ts'
import { boltsInOrder, splayOf } from './bolts.ts'
import { BundleFile, EnvoyLoop, ReportQueue } from './index.ts'

const until = (condition: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(condition, { timeout: 10_000, interval: 5 })

/** A bolt that speaks the protocol and does what a test says. */
class TestBolt {
  readonly heard: FromEnvoy[] = []
  readonly secrets: Record<string, string> = {}
  bundle: Bundle | null = null
  epoch = 1
  intervalMs = 60_000
  isMute = false
  stores = true
  answerCheckIn: ((message: Extract<FromEnvoy, { type: 'check-in' }>) => FromBolt | null) | null = null
  #sessions = new Set<BoltSession>()

  async serve(host: Host): Promise<void> {
    await serveCheckins(host, async session => {
      this.#sessions.add(session)
      try {
        for (;;) {
          const message = await session.receive()
          if (message === null) return
          this.heard.push(message)
          const reply = this.isMute ? null : this.#reply(message)
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

  #reply(message: FromEnvoy): FromBolt | null {
    switch (message.type) {
      case 'check-in': {
        const own = this.answerCheckIn?.(message)
        if (own !== undefined && own !== null) return own
        const { intervalMs, epoch: secretsEpoch } = this
        if (this.bundle === null) return { type: 'no-policy', reason: 'nothing is live', intervalMs }
        if (message.bundle === this.bundle.hash) {
          return { type: 'unchanged', release: this.bundle.release, intervalMs, secretsEpoch }
        }
        return { type: 'bundle', bundle: this.bundle, intervalMs, secretsEpoch }
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
}

let folder: string
let network: MemoryNetwork
let bolt: TestBolt
let toy: ToyMachine
let host: Host
let equipment: Equipment
const loops: EnvoyLoop[] = []
const hosts: Host[] = []

beforeEach(async () => {
  folder = await temporaryFolder()
  await mkdir(join(folder, 'reports'))
  network = memoryNetwork()
  bolt = await startBolt('bolt')
  toy = new ToyMachine()
  host = network.createHost({ peerId: 'envoy' })
  hosts.push(host)
})
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.close()
  for (const each of hosts.splice(0)) await each.close()
  await rm(folder, { recursive: true })
})

async function startBolt(peerId: string): Promise<TestBolt> {
  const server = network.createHost({ peerId })
  hosts.push(server)
  const started = new TestBolt()
  await started.serve(server)
  return started
}

interface Given {
  bolts?: string[]
  mode?: 'enforce' | 'dry-run'
  write?: () => Promise<void>
  logger?: Logger
}

async function startLoop(given: Given = {}): Promise<EnvoyLoop> {
  const logger = given.logger ?? silentLogger
  const write = given.write === undefined ? {} : { write: given.write }
  equipment = await equip(toy, folder, { logger })
  const { memory, journal, secrets, clock } = equipment
  const loop = new EnvoyLoop({
    host,
    bolts: () => given.bolts ?? ['bolt'],
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
  loops.push(loop)
  await loop.start()
  return loop
}

const policy = (resources: readonly BundleResource[], given: Partial<Bundle> = {}) => bundle(resources, given)
const states = (): (string | undefined)[] => bolt.of('report').map(({ run }) => run.results[0]?.state)

describe('an envoy and its bolt', () => {
  test('say hello, check in with traits, apply the bundle and report it', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(bolt.heard[0]).toEqual({ type: 'hello', version: '1.0.0' })
    expect(bolt.of('check-in')[0]).toMatchObject({ bundle: '', release: '', traits: { os: { family: 'debian' } } })
    expect(bolt.of('report')[0]?.run).toMatchObject({
      release: bolt.bundle.release,
      offline: false,
      counts: { changed: 1 },
    })
    await until(() => expect(loop.status().queuedReports).toBe(0))
    expect(loop.status()).toMatchObject({
      bolt: 'bolt',
      release: bolt.bundle.release,
      waiting: [],
      lastRun: { outcome: 'changed' },
    })
    expect((await stat(join(folder, 'bundle.json'))).mode & 0o777).toBe(0o600)
  })

  test('correct drift with every check-in, and send traits only when they are news', async () => {
    bolt.bundle = policy([resource('a/x')])
    await startLoop()
    await until(() => expect(states()).toEqual(['changed']))
    toy.values.set('a/x', 'by hand')
    await bolt.say({ type: 'check-in-now', reason: 'test' })
    await until(() => expect(states()).toEqual(['changed', 'corrected']))
    expect(bolt.of('check-in')[1]).toEqual({
      type: 'check-in',
      bundle: bolt.bundle.hash,
      release: bolt.bundle.release,
      traitsHash: bolt.of('check-in')[0]?.traitsHash,
    })
    expect(toy.values.get('a/x')).toBe('wanted')
  })

  test('keep to the interval that the bolt says', async () => {
    bolt.bundle = policy([resource('a/x')])
    bolt.intervalMs = 1_000
    await startLoop()
    await until(() => expect(bolt.of('check-in').length).toBeGreaterThan(2))
  })

  test('tell the traits again after they were refused', async () => {
    let refusals = 1
    bolt.bundle = policy([resource('a/x')])
    bolt.answerCheckIn = () =>
      refusals-- > 0 ? { type: 'refused', code: 'busy', message: 'too many', retryMs: 1_000 } : null
    const loop = await startLoop()
    await until(() => expect(loop.status().waiting).toContain('the server says: too many'))
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(bolt.of('check-in').every(({ traits }) => traits !== undefined)).toBe(true)
    expect(loop.status().waiting).toEqual([])
  })

  test('apply nothing without a policy, and forget what was kept', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.bundle = null
    expect(await loop.passNow()).toMatchObject({ kind: 'nothing', reason: expect.stringContaining('nothing is live') })
    expect(await readdir(folder)).not.toContain('bundle.json')
    expect(loop.status().release).toBeNull()
  })

  test('take over the release of an unchanged bundle', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.bundle = { ...bolt.bundle, release: sha256Hex('next') }
    await loop.passNow()
    await until(() => expect(bolt.of('report').at(-1)?.run.release).toBe(sha256Hex('next')))
    expect(JSON.parse(await readFile(join(folder, 'bundle.json'), 'utf8')).release).toBe(sha256Hex('next'))
  })

  test('run a task, and refuse what guardrails forbid', async () => {
    await startLoop()
    await until(() => expect(bolt.of('check-in')).toHaveLength(1))
    const task = { id: 'ab'.repeat(16), timeoutMs: 5_000, nice: 0, dryRun: false }
    await bolt.say({ type: 'run-task', task: { ...task, command: 'echo hello' } })
    await bolt.say({ type: 'run-task', task: { ...task, id: 'cd'.repeat(16), command: 'rm -rf /' } })
    await until(() => expect(bolt.of('task-done')).toHaveLength(2))
    expect(bolt.of('task-output')).toEqual([{ type: 'task-output', task: task.id, stream: 'stdout', text: 'hello\n' }])
    expect(bolt.of('task-done').find(({ exitCode }) => exitCode === null)?.problem).toContain('guardrails')
  })

  test('look at what would change without changing it, telling nobody', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    toy.values.delete('a/x')
    const result = await loop.preview()
    expect(result).toMatchObject({
      kind: 'ran',
      converged: { run: { mode: 'dry-run', counts: { 'would-change': 1 } } },
    })
    expect(toy.values.has('a/x')).toBe(false)
    expect(bolt.of('report')).toHaveLength(1)
  })

  test('only look when the agent runs dry', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop({ mode: 'dry-run' })
    await until(() =>
      expect(bolt.of('report')[0]?.run).toMatchObject({ mode: 'dry-run', counts: { 'would-change': 1 } }),
    )
    expect(loop.status().waiting.join()).toContain('dry run')
  })
})

describe('without a server', () => {
  test('the kept bundle is applied, and the reports arrive afterwards in their order, each once', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    network.partition([['envoy'], ['bolt']])
    await until(() => expect(loop.status().bolt).toBeNull())
    const ran: string[] = []
    for (const value of ['one', 'two', 'three']) {
      toy.values.set('a/x', value)
      const result = await loop.passNow()
      if (result.kind === 'ran') ran.push(result.converged.run.id)
      expect(result).toMatchObject({ kind: 'ran', converged: { run: { offline: true, counts: { corrected: 1 } } } })
    }
    expect(loop.status().waiting.join()).toContain('a server for 3 reports')
    network.heal()
    await until(() => expect(loop.status().queuedReports).toBe(0))
    const ids = bolt.of('report').map(({ run }) => run.id)
    expect(ids.slice(1, 4)).toEqual(ran)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('a restarted agent applies what it has, and tells of a run that it was killed in', async () => {
    bolt.bundle = policy([resource('a/x'), resource('a/y')])
    const reached = Promise.withResolvers<void>()
    toy.onApply = key => {
      if (key !== 'a/y') return Promise.resolve()
      reached.resolve()
      return new Promise(() => undefined)
    }
    await startLoop()
    await reached.promise
    loops.length = 0
    network.kill('envoy')
    toy.onApply = async () => undefined
    host = network.createHost({ peerId: 'envoy' })
    hosts.push(host)
    await startLoop()
    await until(() => expect(bolt.of('report').length).toBeGreaterThanOrEqual(2))
    const [killed, finished] = bolt.of('report').map(({ run }) => run)
    expect(killed).toMatchObject({ outcome: 'interrupted', counts: { changed: 1, blocked: 1 } })
    expect(finished).toMatchObject({ outcome: 'completed', counts: { compliant: 1, changed: 1 } })
    expect(killed?.id).not.toBe(finished?.id)
  })

  test('the next bolt is taken when one is gone or does not answer', async () => {
    const other = await startBolt('other')
    bolt.bundle = other.bundle = policy([resource('a/x')])
    const loop = await startLoop({ bolts: ['bolt', 'other'] })
    await until(() => expect(loop.status().lastRun).not.toBeNull())
    const first = loop.status().bolt ?? ''
    network.kill(first)
    await until(() => expect(loop.status().bolt).toBe(first === 'bolt' ? 'other' : 'bolt'))
  })

  test('a conversation that breaks off is taken up again', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.hangUp()
    await until(() => expect(bolt.of('hello')).toHaveLength(2))
    await until(() => expect(loop.status().bolt).toBe('bolt'))
  })
})

test('who asks for a run hears when the server goes away instead of answering', async () => {
  bolt.bundle = policy([resource('a/x')])
  const loop = await startLoop()
  await until(() => expect(bolt.of('report')).toHaveLength(1))
  bolt.isMute = true
  const result = loop.passNow()
  await until(() => expect(bolt.of('check-in')).toHaveLength(2))
  bolt.hangUp()
  expect(await result).toMatchObject({ kind: 'nothing', reason: expect.stringContaining('the server is gone') })
})

describe('secrets', () => {
  const holder = () =>
    policy([resource('a/x', { attributes: { key: 'a/x', value: 'secret:db/x' } })], { secrets: ['db/x'] })

  test('are asked for, used, and never written down', async () => {
    const lines: string[] = []
    const note = (...parts: unknown[]): void => void lines.push(JSON.stringify(parts))
    const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
    bolt.secrets['db/x'] = 'correct horse battery'
    bolt.bundle = holder()
    bolt.stores = false
    await startLoop({ logger })
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(toy.values.get('a/x')).toBe('correct horse battery')
    expect(JSON.stringify(bolt.of('report'))).not.toContain('horse')
    expect(lines.join()).not.toContain('horse')
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const file of files.filter(each => each.isFile())) {
      expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain('horse')
    }
  })

  test('that the server does not tell block what needs them, with its reason', async () => {
    bolt.bundle = holder()
    const loop = await startLoop()
    await until(() => expect(states()).toEqual(['blocked']))
    expect(bolt.of('report')[0]?.run.results[0]?.message).toContain("'db/x' is not set")
    expect(loop.status().waiting.join()).toContain("'db/x' is not set")
  })

  test('are asked for again when they may have changed', async () => {
    bolt.secrets['db/x'] = 'the first value'
    bolt.bundle = holder()
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.secrets['db/x'] = 'the second value'
    await loop.passNow()
    expect(toy.values.get('a/x')).toBe('the first value')
    bolt.epoch++
    await loop.passNow()
    expect(toy.values.get('a/x')).toBe('the second value')
  })
})

describe('a hostile or broken server', () => {
  test('cannot make an envoy apply the bundle of another host', async () => {
    bolt.bundle = policy([resource('a/x')], { host: 'db.a' })
    const loop = await startLoop()
    await until(() => expect(loop.status().waiting.join()).toContain("it is for 'db.a', and this machine is 'web.a'"))
    expect(toy.log).toEqual([])
    expect(await readdir(folder)).not.toContain('bundle.json')
  })

  test.each<[string, unknown]>([
    ['no bundle at all', 7],
    ['no resources', { host: 'web.a' }],
    ['two resources of one id', policy([resource('a/x'), resource('a/x')])],
    ['a resource without attributes', { ...policy([]), resources: [{ id: 'a/x', type: 'value' }] }],
    ['a type that is a path', policy([resource('a/x', { type: '../x' })])],
  ])('is not followed when it sends %s', async (_what, sent) => {
    bolt.answerCheckIn = () => ({ type: 'bundle', bundle: sent as Bundle, intervalMs: 60_000, secretsEpoch: 1 })
    const loop = await startLoop()
    await until(() => expect(loop.status().waiting.join()).toContain('malformed'))
    expect(toy.log).toEqual([])
  })

  test('is left when it sends what is no message, and tried again', async () => {
    const noise = network.createHost({ peerId: 'noise' })
    hosts.push(noise)
    let streams = 0
    await noise.serve(CHECKIN_PROTOCOL, { maxFrameBytes: 1e9 }, async stream => {
      streams++
      await stream.receive()
      await stream
        .send(streams === 1 ? new Uint8Array([0xff, 0xfe]) : new Uint8Array(33 * 1024 * 1024))
        .catch(() => undefined)
      await new Promise(resolve => stream.closed.addEventListener('abort', resolve))
    })
    const loop = await startLoop({ bolts: ['noise'] })
    await until(() => expect(streams).toBeGreaterThanOrEqual(3))
    expect(loop.status().lastRun).toBeNull()
  })

  test('may say what this version does not know, and push what nobody asked for', async () => {
    bolt.bundle = policy([resource('a/x')])
    const loop = await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    await bolt.say({ type: 'new-in-version-9' } as never)
    await bolt.say({ type: 'run-task', task: null } as never)
    await bolt.say({ type: 'report-stored', run: '../../x' })
    await bolt.say({ type: 'bundle', bundle: policy([resource('a/evil')]), intervalMs: 1, secretsEpoch: 1 })
    expect(await loop.passNow()).toMatchObject({ kind: 'ran' })
    expect(toy.log.join()).not.toContain('evil')
    expect(loop.status().bolt).toBe('bolt')
  })

  test('that stores nothing gets each report again, and nothing is lost', async () => {
    bolt.stores = false
    bolt.bundle = policy([resource('a/x')])
    await startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.hangUp()
    await until(() => expect(bolt.of('report').length).toBeGreaterThanOrEqual(2))
    expect(new Set(bolt.of('report').map(({ run }) => run.id)).size).toBe(1)
    bolt.stores = true
    bolt.hangUp()
    await until(async () => expect(await readdir(join(folder, 'reports'))).toEqual([]))
  })
})

describe('a machine in trouble', () => {
  test('with a full disk still converges and reports', async () => {
    bolt.bundle = policy([resource('a/x')])
    await startLoop({
      write: async () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      },
    })
    await until(() => expect(states()).toEqual(['changed']))
  })

  test('with damaged files starts, and gets its bundle again', async () => {
    bolt.bundle = policy([resource('a/x')])
    await writeFile(join(folder, 'bundle.json'), JSON.stringify({ ...bolt.bundle, host: 'other' }))
    await writeFile(join(folder, 'run.journal'), '\0\0\0\n')
    await writeFile(join(folder, 'applied.json'), '[]')
    await startLoop()
    await until(() => expect(states()).toEqual(['changed']))
    expect((await readdir(folder)).filter(name => name.endsWith('.damaged'))).toHaveLength(3)
  })

  test('that is stopped in the middle of a run stops soon and keeps an honest report', async () => {
    bolt.bundle = policy([resource('a/x'), resource('a/y')])
    const reached = Promise.withResolvers<void>()
    toy.onApply = (_key, signal) => {
      reached.resolve()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const loop = await startLoop()
    await reached.promise
    await loop.close()
    const [name = ''] = await readdir(join(folder, 'reports'))
    expect(JSON.parse(await readFile(join(folder, 'reports', name), 'utf8'))).toMatchObject({
      outcome: 'interrupted',
      counts: { blocked: 1, skipped: 1 },
    })
    expect(await readdir(folder)).not.toContain('run.journal')
  })
})

test('bolts are tried in an own order: connected first, the one that failed last', () => {
  const bolts = ['a', 'b', 'c', 'd']
  const of = (self: string, connected: string[] = [], failed: string[] = []) =>
    boltsInOrder({ bolts, connected: new Set(connected), self, failed: new Set(failed) })
  expect(of('x', ['c'])[0]).toBe('c')
  expect(of('x', ['c'], ['c', 'gone']).at(-1)).toBe('c')
  expect(of('x', [], ['d', 'a']).slice(-2)).toEqual(['d', 'a'])
  expect(of('x', ['b'], ['d', 'a']).toSorted()).toEqual(bolts)
  const firsts = new Set(Array.from({ length: 40 }, (_, n) => of(`envoy${n}`)[0]))
  expect(firsts.size).toBe(4)
  const splays = Array.from({ length: 200 }, (_, n) => splayOf(`envoy${n}`))
  expect(Math.max(...splays) - Math.min(...splays)).toBeGreaterThan(0.8)
})
