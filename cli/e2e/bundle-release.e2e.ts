import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { AppliedBundle } from '#node/api'
import { disguised, Fleet, type Ran, sha256Of, succeeded, until } from './fixture.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 })

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(2, { servers: 2 })
})
afterAll(() => fleet?.down())

const vigocli = (node: string, ...args: string[]): Promise<Ran> => fleet.start(node, 'vigocli', args).ended

async function write(node: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = fleet.path(node, 'srv/vigo/stacks', path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }
}

interface Status {
  release: string | null
  state: string
}

/** It ends with a failure while other servers cannot be reached. */
const status = async (node: string): Promise<Status> =>
  JSON.parse((await vigocli(node, 'spanner', 'status', '--json')).stdout) as Status

test('a site that knows nothing but the roster gets catalog, blobs and release of its fleet from one file', async () => {
  await fleet.createPuddle('envoy1')
  succeeded(await fleet.puddle('envoy1', 'name', 'ops'))
  // What is beyond the gap: a server and an envoy that were let in, and then saw nobody any more.
  for (const node of ['server2', 'envoy2']) await fleet.lab.kill(node, 'SIGTERM')

  succeeded(await vigocli('server', 'spanner', 'init'))
  await write('server', {
    'configcrates/motd.vgo':
      'name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    content: "across the gap"\n    owner: root\n    group: root\n    mode: "0644"\n',
    'envoys.vgo': "envoys:\n  - match: '*'\n    configcrates: [motd]\n",
  })
  const args = ['config', 'publish', '--wait', 'one', '--reason', 'for both sides', '--json']
  const published = JSON.parse(succeeded(await vigocli('server', ...args)).stdout) as { entry: { release: string } }
  const { release } = published.entry
  const file = await disguised(fleet.path('image'), 0x5a)
  const sha = await fleet.push('envoy1', 'image:1', file)
  await until('the server has the blob', async () => (await fleet.curator('server', 'pull', 'ops/image:1')).code === 0)
  const stick = fleet.path('stick.bundle')
  succeeded(await fleet.vigo('server', 'swarm', 'bundle', 'create', '-o', stick))
  for (const node of ['server', 'envoy1']) await fleet.lab.kill(node, 'SIGTERM')

  await fleet.lab.start('server2')
  expect((await status('server2')).release).toBeNull()
  const applied = await fleet.json<AppliedBundle>('server2', 'swarm', 'bundle', 'apply', stick)
  expect(applied).toMatchObject({ blobs: { fresh: 1, refused: 0 }, records: { refused: 0 }, problems: [] })
  await until('the release is live beyond the gap', async () => (await status('server2')).release === release)
  expect((await vigocli('server2', 'config', 'history')).stdout).toContain('for both sides')
  const pulled = await fleet.pull('server2', 'ops/image:1')
  expect(pulled.report.bytesFetched).toBe(0)
  expect(await sha256Of(pulled.path)).toBe(sha)

  await fleet.lab.start('envoy2')
  const motd = join(fleet.lab.node('envoy2').root, 'etc/motd')
  await until(
    'its envoy has it too',
    async () => (await readFile(motd, 'utf8').catch(() => '')).trim() === 'across the gap',
    120_000,
  )
  const again = await fleet.json<AppliedBundle>('server2', 'swarm', 'bundle', 'apply', stick)
  expect(again).toMatchObject({ blobs: { fresh: 0, known: 1 }, records: { fresh: 0, refused: 0 } })
})
