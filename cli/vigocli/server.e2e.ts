import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EnvoyRow, TaskRow } from '#node/api'
import { Fleet, type Ran, start, until } from '../e2e/fixture.ts'

let fleet: Fleet

beforeAll(async () => {
  fleet = await Fleet.up(2)
  await until('both envoys are connected', async () => {
    const rows = await json<EnvoyRow[]>('envoys', 'list')
    return rows.length === 2 && rows.every(({ isConnected }) => isConnected)
  })
})
afterAll(() => fleet.down())

function running(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { lab } = fleet
  return start('vigocli', args, { ...lab.environment(lab.node('server')), NO_COLOR: '1', ...env })
}

const vigocli = (...args: string[]): Promise<Ran> => running(args).ended

async function json<T>(...args: string[]): Promise<T> {
  const ran = await vigocli(...args, '--json')
  expect(ran.code, ran.stderr).toBe(0)
  return JSON.parse(ran.stdout) as T
}

const server = (...parts: string[]) => join(fleet.lab.node('server').root, ...parts)

async function writeMotd(content: string, validate = ''): Promise<void> {
  await mkdir(server('srv/vigo/stacks/configcrates'), { recursive: true })
  await writeFile(server('srv/vigo/stacks/envoys.vgo'), "envoys:\n  - match: '*'\n    configcrates: [motd]\n")
  await writeFile(
    server('srv/vigo/stacks/configcrates/motd.vgo'),
    `name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    owner: root\n    group: root\n    mode: "0644"\n    content: ${content}\n${validate}`,
  )
}

const motdOf = (node: string) => readFile(join(fleet.lab.node(node).root, 'etc/motd'), 'utf8').catch(() => '')

describe('config publish', () => {
  test('lets the server load the release, waits for it, and envoys have it', async () => {
    await writeMotd('one')
    const published = await vigocli('config', 'publish', '--reason', 'first')
    expect([published.code, published.stderr]).toEqual([0, 'In force as version 1.\n'])
    for (const node of ['envoy1', 'envoy2'])
      await until(`${node} has it`, async () => (await motdOf(node)).includes('one'))
    const rows = await until('both have reported', async () => {
      const found = await json<EnvoyRow[]>('envoys', 'list', '--status', 'converged')
      return found.length === 2 ? found : null
    })
    expect(rows.map(({ release, wantedRelease }) => release === wantedRelease)).toEqual([true, true])
  })

  test('gives a release to canaries first, and to everybody when they converged', async () => {
    await writeMotd('two')
    const published = await vigocli('config', 'publish', '--canary', 'envoy1')
    expect([published.code, published.stdout]).toEqual([0, expect.stringMatching(/\nEverybody gets it: /)])
    await until('envoy2 has it', async () => (await motdOf('envoy2')).includes('two'))
  })

  test('takes back what harms canaries, fails, and nobody else ever had it', async () => {
    await writeMotd('three', '    validate: "false %"\n')
    const published = await vigocli('config', 'publish', '--canary', 'envoy1')
    expect([published.code, published.stdout]).toEqual([1, expect.stringMatching(/\nstopped: .*envoy1/)])
    const { canary } = await json<{ canary: { phase: string; failed: string[] } }>('config', 'rollout', 'status')
    expect(canary).toMatchObject({ phase: 'stopped', failed: ['envoy1'] })
    expect(await motdOf('envoy2')).toContain('two')
  })

  test('withdraws its announcement when nothing could be published', async () => {
    await writeFile(server('srv/vigo/stacks/broken.vgo'), 'envoys: [\n')
    expect((await vigocli('config', 'publish', '--canary', '1')).code).toBe(1)
    await writeFile(server('srv/vigo/stacks/broken.vgo'), 'envoys: []\n')
    await writeMotd('four')
    expect((await vigocli('config', 'publish', '--canary', '1', '--json')).code).toBe(0)
  })

  test('says so when no host is a canary, and publishes nothing', async () => {
    await writeMotd('five')
    const refused = await vigocli('config', 'publish', '--canary', 'nobody-*')
    expect([refused.code, refused.stdout]).toEqual([3, ''])
    const rolledBack = await vigocli('config', 'rollback', '1')
    expect([rolledBack.code, rolledBack.stderr]).toEqual([0, expect.stringMatching(/^In force as version \d+\.\n$/)])
    await until('envoy1 has it', async () => (await motdOf('envoy1')).includes('one'))
  })
})

describe('task run', () => {
  test('shows the output of each host with its name, batch by batch', async () => {
    const ran = await vigocli(
      'task',
      'run',
      'echo out; echo err >&2; printf rest',
      '--target',
      '*',
      '--batch-size',
      '1',
    )
    const lines = ran.stdout.trim().split('\n')
    expect(ran.code).toBe(0)
    expect(lines.filter(line => line.startsWith('batch'))).toEqual(['batch 1 of 2', 'batch 2 of 2'])
    for (const host of ['envoy1', 'envoy2']) {
      const own = lines.filter(line => line.startsWith(host)).map(line => line.slice(host.length))
      expect(own.toSorted()).toEqual([' | err', ' | out', ' | rest', ' | succeeded'])
    }
  })

  test('stops at the first failure, or at a health check, and exits with 1', async () => {
    expect((await json<TaskRow>('task', 'run', 'true', '--target', '*')).state).toBe('succeeded')
    const ran = await vigocli('task', 'run', 'exit 3', '--target', 'envoy*', '--batch-size', '50%')
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('failed with exit code 3')])
    const checked = await vigocli(
      'task',
      'run',
      'true',
      '--target',
      '*',
      '--batch-size',
      '1',
      '--health-check',
      'false',
      '--json',
    )
    const row = JSON.parse(checked.stdout) as TaskRow
    expect([checked.code, row.hosts.map(({ state }) => state).toSorted()]).toEqual([1, ['skipped', 'succeeded']])
  })

  test('asks before what looks dangerous, and without a terminal does not do it', async () => {
    const refused = await vigocli('task', 'run', 'rm -rf /', '--target', '*')
    expect([refused.code, refused.stdout]).toEqual([4, ''])
    const plan = await json<{ danger: string; batches: unknown[][] }>(
      'task',
      'run',
      'rm -rf /',
      '--target',
      '*',
      '--dry-run',
    )
    expect([plan.danger.length > 0, plan.batches.flat().length]).toEqual([true, 2])
  })

  test('is cancelled on all hosts by Ctrl-C', async () => {
    const run = running(['task', 'run', 'echo started; sleep 60', '--target', '*'])
    await until('both have begun', () => run.output.stdout.split('started').length === 3)
    run.child.kill('SIGINT')
    const ended = await run.ended
    expect([ended.code, ended.stdout.split('cancelled').length > 2]).toEqual([130, true])
    const [newest] = await json<TaskRow[]>('task', 'list', '--limit', '1')
    expect([newest?.state, newest?.hosts.length]).toEqual(['aborted', 2])
  })
})

describe('from elsewhere', () => {
  test('a token of a role is all that counts', async () => {
    const file = fleet.path('token')
    const created = await vigocli('token', 'create', 'reader')
    await writeFile(file, created.stdout)
    const { url } = fleet.lab.node('server')
    const env = { VIGO_SERVER: url, VIGO_TOKEN_FILE: file, VIGO_ROOT: fleet.path('nowhere') }
    const listed = await running(['envoys', 'list', '--json'], env).ended
    expect((JSON.parse(listed.stdout) as EnvoyRow[]).map(({ hostname }) => hostname)).toEqual(['envoy1', 'envoy2'])
    const pushed = await running(['envoys', 'push', '--all'], env).ended
    expect([pushed.code, pushed.stderr]).toEqual([
      4,
      expect.stringContaining("needs the role operator; 'reader' is viewer"),
    ])
    expect((await vigocli('token', 'revoke', 'reader')).code).toBe(0)
    const refused = await running(['status'], env).ended
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('expired or revoked')])
    expect((await vigocli('audit', 'verify')).code).toBe(0)
  })

  test.each([
    [['--server', 'ftp://x', 'status'], 2, /is no address of a server/],
    [['--server', 'http://10.0.0.1:80', 'status'], 2, /in the clear/],
    [['--server', 'https://127.0.0.1:1', '--token-file', '/nowhere', 'status'], 2, /\/nowhere cannot be read/],
    [['--server', 'https://127.0.0.1:1', '--fingerprint', 'ab', 'status'], 2, /64 hex digits/],
  ])('%j is told what is wrong', async (args, code, sentence) => {
    const ran = await vigocli(...args)
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(sentence)])
  })
})

test('status and doctor speak of what is there; envoys revoke ends one', async () => {
  expect(await json('status')).toMatchObject({ hostname: 'server', envoys: { envoys: 2, connected: 2 } })
  expect(await json('doctor')).toMatchObject({ checks: expect.arrayContaining(['envoys', 'disk']) })
  const shown = await vigocli('envoys', 'show', 'envoy1')
  expect(shown.stdout).toMatch(/state +converged.*\n[\s\S]*crates +motd/)
  expect((await vigocli('envoys', 'revoke', 'envoy2', '--reason', 'over')).code).toBe(0)
  expect((await json<EnvoyRow[]>('envoys', 'list')).map(({ hostname }) => hostname)).toEqual(['envoy1'])
})

test('without a server, publishing says that none runs', async () => {
  await fleet.lab.kill('server', 'SIGTERM')
  await writeMotd('six')
  const published = await vigocli('config', 'publish')
  expect([published.code, published.stderr]).toEqual([0, 'No server runs here; it is in force when one does.\n'])
  expect((await vigocli('config', 'publish', '--canary', '1')).code).toBe(5)
})
