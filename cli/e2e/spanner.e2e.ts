import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Fleet, type Ran, refusal, succeeded, until } from './fixture.ts'

const BOLTS = ['server', 'server2', 'server3']
const ENVOYS = ['envoy1', 'envoy2', 'envoy3', 'envoy4', 'envoy5', 'envoy6']
const PATIENCE_MS = 120_000

vi.setConfig({ testTimeout: 400_000, hookTimeout: 300_000 })

interface Status {
  mode: string
  state: string
  release: string | null
  heads: { commit: string; bolt: string; release: string }[]
  bolts: { hostname: string; follows: boolean; report: { release: string | null } | null }[]
}

interface Entry {
  number: number
  release: string
  reason: string
}

const isCuttable = canCut()
let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(ENVOYS.length, { servers: BOLTS.length, isCuttable })
  succeeded(await vigocli('server', 'spanner', 'init'))
  await until('every server follows', async () =>
    (await Promise.all(BOLTS.map(status))).every(({ mode, bolts }) => mode === 'spanner' && bolts.length === 3),
  )
})
afterAll(() => fleet?.down())

const vigocli = (node: string, ...args: string[]): Promise<Ran> => fleet.start(node, 'vigocli', args).ended
const status = async (node: string): Promise<Status> =>
  JSON.parse((await vigocli(node, 'spanner', 'status', '--json')).stdout) as Status

async function history(node: string): Promise<Entry[]> {
  return (JSON.parse(succeeded(await vigocli(node, 'config', 'history', '--json')).stdout) as { entries: Entry[] })
    .entries
}

/** As an operator does it on one machine: edits the sources there, and publishes them. */
async function publish(node: string, text: string, ...options: string[]): Promise<string> {
  const files = {
    'configcrates/motd.vgo': `name: motd
resources:
  - name: motd
    type: file
    target_path: /etc/motd
    content: "${text}"
    owner: root
    group: root
    mode: "0644"
`,
    'envoys.vgo': "envoys:\n  - match: '*'\n    configcrates: [motd]\n",
  }
  for (const [path, content] of Object.entries(files)) {
    const target = fleet.path(node, 'srv/vigo/stacks', path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }
  const args = ['config', 'publish', '--reason', text, '--json', ...options]
  const { entry } = JSON.parse(succeeded(await vigocli(node, ...args)).stdout) as { entry: Entry }
  return entry.release
}

const motdOf = (node: string): Promise<string> =>
  readFile(join(fleet.lab.node(node).root, 'etc/motd'), 'utf8').catch(() => '')

const haveMotd = (nodes: readonly string[], text: string): Promise<boolean> =>
  until(
    `${nodes.join(', ')} have '${text}'`,
    async () => (await Promise.all(nodes.map(motdOf))).every(motd => motd.trim() === text),
    PATIENCE_MS,
  )

const agree = (release: string, nodes: readonly string[] = BOLTS): Promise<boolean> =>
  until(
    `${nodes.join(', ')} have ${release.slice(0, 12)} and one history`,
    async () => {
      const statuses = await Promise.all(nodes.map(status))
      if (!statuses.every(({ release: its, state }) => its === release && state === 'settled')) return false
      const stories = await Promise.all(nodes.map(history))
      return new Set(stories.map(story => JSON.stringify(story))).size === 1
    },
    PATIENCE_MS,
  )

async function fsck(node: string): Promise<void> {
  const folder = fleet.state(node, 'swarm/gitback/projects')
  const [name = ''] = execFileSync('ls', [folder]).toString().trim().split('\n')
  execFileSync('git', ['--git-dir', join(folder, name), 'fsck', '--full', '--strict'], { stdio: 'pipe' })
}

describe('three servers and six envoys', () => {
  test('publish on any server: all envoys converge, and all servers tell one story', async () => {
    await haveMotdAfter(await publish('server2', 'from the second'), 'from the second')
    succeeded(await vigocli('server3', 'config', 'pull'))
    await haveMotdAfter(await publish('server3', 'from the third'), 'from the third')
    expect((await history('server')).map(({ reason }) => reason)).toEqual(['from the third', 'from the second'])
  })

  test('sources that never saw what others published take nothing back', async () => {
    expect(refusal(await vigocli('server2', 'config', 'publish', '--reason', 'too late'), 4)).toMatch(/config pull/)
    succeeded(await vigocli('server2', 'config', 'pull'))
    await haveMotd(ENVOYS, 'from the third')
  })

  test.skipIf(!isCuttable)(
    'a network that was cut while both sides published: nothing is lost, everybody shows it, one command ends it',
    async () => {
      const base = (await status('server')).release
      await fleet.lab.cut([['server3', 'envoy5', 'envoy6']])
      succeeded(await vigocli('server', 'config', 'pull'))
      const left = await publish('server', 'left', '--wait', 'one')
      const right = await publish('server3', 'right', '--wait', 'one')
      expect(new Set([base, left, right]).size).toBe(3)
      await haveMotd(['envoy5', 'envoy6'], 'right')
      await haveMotd(['envoy1', 'envoy2', 'envoy3', 'envoy4'], 'left')
      await fleet.lab.heal()
      await until(
        'every server shows that they diverged',
        async () =>
          (await Promise.all(BOLTS.map(status))).every(
            ({ state, heads }) => state === 'diverged' && new Set(heads.map(({ bolt }) => bolt)).size === 2,
          ),
        PATIENCE_MS,
      )
      const shown = await vigocli('server2', 'spanner', 'status')
      expect(shown.code).not.toBe(0)
      expect(shown.stdout).toContain('vigocli spanner resolve --take server3')
      expect(refusal(await vigocli('server', 'config', 'publish'), 4)).toMatch(/spanner resolve/)
      succeeded(await vigocli('server2', 'spanner', 'resolve', '--take', 'server3', '--yes'))
      await agree(right)
      await haveMotd(ENVOYS, 'right')
      expect((await history('server')).map(({ release }) => release)).toContain(left)
      for (const bolt of BOLTS) await fsck(bolt)
    },
  )

  test('with two servers killed the third publishes to its envoys and the orphans; started again, all agree', async () => {
    for (const bolt of ['server', 'server2']) await fleet.lab.kill(bolt, 'SIGKILL')
    succeeded(await vigocli('server3', 'config', 'pull'))
    const alone = await publish('server3', 'alone', '--wait', 'one')
    await haveMotd(ENVOYS, 'alone')
    for (const bolt of ['server', 'server2']) await fleet.lab.start(bolt)
    await agree(alone)
    expect((await history('server'))[0]).toMatchObject({ release: alone, reason: 'alone' })
    for (const bolt of BOLTS) await fsck(bolt)
  })
})

async function haveMotdAfter(release: string, text: string): Promise<void> {
  await agree(release)
  await haveMotd(ENVOYS, text)
}

/** Whether the kernel lets us have network namespaces. */
function canCut(): boolean {
  const name = `vl-probe-${process.pid}`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
