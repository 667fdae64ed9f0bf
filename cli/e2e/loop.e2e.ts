import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tutorial } from '../../config/store/seeds.ts'
import { Fleet, type Ran, succeeded, until } from './fixture.ts'

const MOTD = 'Managed by Vigo. Do not edit by hand.\n'
const envoys = ['envoy1', 'envoy2', 'envoy3']

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(3)
})
afterAll(() => fleet?.down())

const vigocli = (...args: string[]): Promise<Ran> => fleet.start('server', 'vigocli', args).ended

async function read<T>(...args: string[]): Promise<T> {
  const { stdout, stderr, code } = await vigocli(...args, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as T
}

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = fleet.path('server/srv/vigo/stacks', path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }
}

const onNode = (node: string, path: string): string => join(fleet.lab.node(node).root, path)
const motdOf = (node: string): Promise<string> => readFile(onNode(node, 'etc/motd'), 'utf8').catch(() => '')

interface Envoy {
  hostname: string
  status: string
  drift: string
  release: string | null
  wantedRelease: string | null
}
interface Run {
  id: string
  release: string
  outcome: string
  offline: boolean
  startedAt: number
  counts: Record<string, number>
}

const list = (): Promise<Envoy[]> => read<Envoy[]>('envoys', 'list')
const runsOf = (node: string): Promise<Run[]> => read<Run[]>('envoys', 'runs', node, '--limit', '100')
const converged = (nodes = envoys) =>
  until('every envoy has run the live release and converged', async () => {
    const rows = await list()
    return nodes.every(name =>
      rows.some(row => row.hostname === name && row.status === 'converged' && row.release === row.wantedRelease),
    )
  })

describe('the loop', () => {
  test('a configcrate is written, published, converged to, and drift from it is corrected', async () => {
    await write(tutorial)
    const { stdout, code } = await vigocli('config', 'publish', '--reason', 'first')
    expect(code).toBe(0)
    expect(stdout).toContain('Published: 1 configcrate, 0 roles, 1 envoy entry (2 files synced)')
    for (const node of envoys) await until(`${node} has the file`, async () => (await motdOf(node)) === MOTD)
    await converged()

    await appendFile(onNode('envoy2', 'etc/motd'), 'edited by hand\n')
    await until('the edit is undone', async () => (await motdOf('envoy2')) === MOTD)
    await until('the server knows that drift was corrected', async () =>
      (await runsOf('envoy2')).some(run => run.counts['corrected'] === 1 && run.outcome === 'changed'),
    )
    expect((await runsOf('envoy2')).some(run => run.counts['changed'] === 1)).toBe(true)
    await converged()
    expect((await read<{ problems?: unknown[] }>('doctor')).problems ?? []).toEqual([])
  })

  test('a release that fails on its canary is taken back by itself, and nobody else ever had it', async () => {
    const [good] = await list()
    await write({
      'configcrates/broken.vgo':
        'name: broken\nresources:\n  - name: breaks\n    type: exec\n    command: exit 7\n    unless: test -e /nonexistent\n',
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [motd, broken]\n',
    })
    const { code, stdout } = await vigocli('config', 'publish', '--canary', 'envoy3', '--reason', 'breaks')
    expect(code).toBe(1)
    expect(stdout).toMatch(/stopped: .+ What was live before is live again/)
    await converged()
    const rows = await list()
    expect(rows.map(({ release }) => release)).toEqual(envoys.map(() => good?.release))
    for (const node of ['envoy1', 'envoy2']) {
      expect(new Set((await runsOf(node)).map(({ release }) => release))).toEqual(new Set([good?.release]))
    }
    const history = await vigocli('config', 'history')
    expect(history.stdout).toMatch(/rollback monitor +rollback to 1/)
  })

  test('a good canary release goes to everybody by itself', async () => {
    await rm(fleet.path('server/srv/vigo/stacks/configcrates/broken.vgo'), { force: true })
    await write({
      ...tutorial,
      'configcrates/hello.vgo':
        'name: hello\nresources:\n  - name: hello\n    type: file\n    target_path: /etc/hello\n    content: "hello {{ .Traits.network.hostname }}\\n"\n    owner: root\n    group: root\n    mode: "0644"\n',
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [motd, hello]\n',
    })
    const { code, stdout, stderr } = await vigocli('config', 'publish', '--canary', '1')
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Everybody gets it: 1 of 1 canaries converged/)
    await converged()
    for (const node of envoys) expect(await readFile(onNode(node, 'etc/hello'), 'utf8')).toBe(`hello ${node}\n`)
  })

  test('while the server is off envoys go on, and what they did arrives afterwards, each run once', async () => {
    await fleet.lab.kill('server')
    const offAt = Date.now()
    await appendFile(onNode('envoy1', 'etc/motd'), 'while nobody looks\n')
    await until('envoy1 undoes the edit without a server', async () => (await motdOf('envoy1')) === MOTD, 60_000)
    await fleet.lab.start('server')
    const offline = await until(
      'the runs of that time have arrived',
      async () => {
        const found = (await runsOf('envoy1')).filter(run => run.offline && run.startedAt > offAt)
        return found.some(run => run.counts['corrected'] === 1) ? found : undefined
      },
      60_000,
    )
    const runs = await runsOf('envoy1')
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length)
    expect(offline.length).toBeGreaterThan(0)
    await converged()
  })

  test('an agent that is killed in the middle of applying reports that run and finishes the job in the next', async () => {
    await write({
      'configcrates/slow.vgo':
        'name: slow\nresources:\n  - name: before\n    type: file\n    target_path: /etc/before\n    content: "1\\n"\n    owner: root\n    group: root\n    mode: "0644"\n  - name: slow\n    type: exec\n    command: touch $VIGO_ROOT/etc/began; sleep 5; touch $VIGO_ROOT/etc/slow\n    unless: test -e $VIGO_ROOT/etc/slow\n    depends_on: before\n',
      'envoys.vgo':
        'envoys:\n  - match: envoy1\n    configcrates: [motd, slow]\n  - match: "*"\n    configcrates: [motd]\n',
    })
    succeeded({ ...(await vigocli('config', 'publish')), stderr: '' })
    await until('the command runs', () =>
      readFile(onNode('envoy1', 'etc/began')).then(
        () => true,
        () => false,
      ),
    )
    await fleet.lab.kill('envoy1')
    await fleet.lab.start('envoy1')
    await until('the job is done', () =>
      readFile(onNode('envoy1', 'etc/slow')).then(
        () => true,
        () => false,
      ),
    )
    await converged()
    const runs = await runsOf('envoy1')
    const interrupted = runs.filter(run => run.counts['changed'] === 1 && run.outcome === 'degraded')
    expect(interrupted).toHaveLength(1)
  })

  test('a task goes through the fleet in batches, and a health check that fails ends it', async () => {
    const done = await vigocli('task', 'run', 'echo here', '--target', '*', '--batch-size', '1', '--yes')
    expect(done.code, done.stderr).toBe(0)
    for (const node of envoys) expect(done.stdout).toMatch(new RegExp(`${node} \\| here`))
    const stopped = await vigocli(
      'task',
      'run',
      'echo again',
      '--target',
      '*',
      '--batch-size',
      '1',
      '--health-check',
      'false',
      '--yes',
    )
    expect(stopped.code).toBe(1)
    expect(stopped.stdout.match(/\| again/g)).toHaveLength(1)
    expect((await vigocli('audit', 'verify')).code).toBe(0)
  })

  test('the server is killed between publish and report, and comes back to a fleet that converged', async () => {
    await write({ 'configcrates/motd.vgo': tutorial['configcrates/motd.vgo']?.replace('by hand', 'at all') ?? '' })
    succeeded({ ...(await vigocli('config', 'publish')), stderr: '' })
    await fleet.lab.kill('server')
    await fleet.lab.start('server')
    for (const node of envoys)
      await until(`${node} follows`, async () => (await motdOf(node)).includes('at all'), 60_000)
    await converged()
  })
})
