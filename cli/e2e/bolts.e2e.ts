import { access, mkdir, rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layout } from '#node/kit'
import { Fleet, type Ran, type Running, refusal, start, succeeded, until } from './fixture.ts'

const BOLTS = ['server', 'server2', 'server3']

interface MemberRow {
  hostname: string
  role: string
  isFounder: boolean
  isMember: boolean
  revoked: object | null
}

let fleet: Fleet
const agents: Running[] = []
beforeAll(async () => {
  fleet = await Fleet.up(2, { servers: 3 })
})
afterAll(async () => {
  for (const { child } of agents) child.kill('SIGTERM')
  await Promise.all(agents.map(({ ended }) => ended))
  await fleet?.down()
})

const vigosrv = (node: string, ...args: string[]): Promise<Ran> => fleet.start(node, 'vigosrv', args).ended

async function token(node: string, ...options: string[]): Promise<string> {
  return succeeded(await vigosrv(node, 'token', 'create', ...options)).stdout.trim()
}

async function members(node: string): Promise<MemberRow[]> {
  return JSON.parse(succeeded(await vigosrv(node, 'members', 'list', '--json')).stdout) as MemberRow[]
}

const knows = (node: string, hostname: string, isMember: boolean): Promise<boolean> =>
  until(`${node} knows that ${hostname} is ${isMember ? 'in' : 'out'}`, async () =>
    (await members(node)).some(row => row.hostname === hostname && row.isMember === isMember),
  )

/** A machine that belongs to no fleet yet. */
async function machine(name: string): Promise<{ root: string; run: (program: string, ...args: string[]) => Running }> {
  const root = fleet.path(name)
  await mkdir(root)
  const env = { ...fleet.lab.environment(fleet.lab.node('server')), VIGO_ROOT: root }
  return { root, run: (program, ...args) => start(program, args, env) }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The server that an envoy checked in with since then. */
async function boltOf(node: string, since: number): Promise<string | undefined> {
  const { agent, peers } = await fleet.json<{
    agent: { bolt: string | null; lastCheckIn: number | null }
    peers: { peer: string; hostname: string }[]
  }>(node, 'status')
  if ((agent.lastCheckIn ?? 0) < since) return undefined
  return peers.find(({ peer }) => peer === agent.bolt)?.hostname
}

const peersOf = async (node: string): Promise<string[]> =>
  (await fleet.lab.memberStatus(node)).peers.map(({ hostname }) => hostname)

const QUIET = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--enrol-listen', '/ip4/127.0.0.1/tcp/0']

describe('a fleet of several servers', () => {
  test('has one roster, in which one of them is the founder', async () => {
    for (const bolt of BOLTS) {
      await knows(bolt, 'envoy2', true)
      const rows = await members(bolt)
      expect(rows.map(({ hostname, role, isFounder }) => [hostname, role, isFounder])).toEqual([
        ['envoy1', 'envoy', false],
        ['envoy2', 'envoy', false],
        ['server', 'bolt', true],
        ['server2', 'bolt', false],
        ['server3', 'bolt', false],
      ])
    }
  })

  test('gets further ones only with a token of the founder', async () => {
    for (const bolt of ['server2', 'server3']) {
      expect(refusal(await vigosrv(bolt, 'token', 'create', '--role', 'bolt'), 2)).toMatch(
        /founding server.* on server:/,
      )
    }
    expect(refusal(await vigosrv('server', 'token', 'create', '--role', 'bolt', '--uses', '2'), 2)).toMatch(
      /one server/,
    )
    await token('server', '--role', 'bolt')
    const { stdout } = succeeded(await vigosrv('server', 'token', 'list', '--json'))
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ role: 'bolt', usesLeft: 1 }))
  })

  test('refuses a token for the other programme, says which it is for, and does not use it up', async () => {
    const [forBolt, forEnvoy] = [await token('server', '--role', 'bolt'), await token('server')]
    const [one, other] = [await machine('one'), await machine('other')]
    const enrolled = await one.run('vigo', 'enroll', forBolt, '--hostname', 'one').ended
    expect(refusal(enrolled, 4)).toMatch(/for a server.*vigosrv join/)
    const joined = await other.run('vigosrv', 'join', forEnvoy, '--hostname', 'other', ...QUIET).ended
    expect(refusal(joined, 4)).toMatch(/for an envoy.*vigo enroll/)
    const elsewhere = await other.run('vigosrv', 'join', await token('server2'), '--hostname', 'other', ...QUIET).ended
    expect(refusal(elsewhere, 4)).toMatch(/for an envoy.*vigo enroll/)
    expect(await exists(layout(one.root).agentYaml)).toBe(false)
    expect(await exists(layout(other.root).serverYaml)).toBe(false)
    const wrong = await other.run('vigosrv', 'join', forBolt, '--api-listen', 'http://0.0.0.0:1', ...QUIET).ended
    expect(refusal(wrong, 2)).toMatch(/0\.0\.0\.0/)
    succeeded(await one.run('vigo', 'enroll', forEnvoy, '--hostname', 'one').ended)
    succeeded(await other.run('vigosrv', 'join', forBolt, '--hostname', 'other', ...QUIET).ended)
    // As if the answer had been lost.
    await rm(layout(other.root).serverYaml)
    succeeded(await other.run('vigosrv', 'join', forBolt, '--hostname', 'other', ...QUIET).ended)
    expect(refusal(await other.run('vigosrv', 'join', forBolt, ...QUIET).ended, 4)).toMatch(/already/)
    expect(refusal(await other.run('vigo', 'enroll', forEnvoy).ended, 4)).toMatch(/already/)
    succeeded(await vigosrv('server', 'members', 'revoke', 'other'))
    succeeded(await vigosrv('server', 'members', 'revoke', 'one'))
  })

  test('admits an envoy at any of them, with a join URL of its own', async () => {
    const { run } = await machine('late')
    succeeded(
      await run('vigo', 'enroll', await token('server3'), '--hostname', 'late', '--listen', '/ip4/127.0.0.1/tcp/0')
        .ended,
    )
    const agent = run('vigo', 'agent', 'run')
    agents.push(agent)
    for (const bolt of BOLTS) await knows(bolt, 'late', true)
    await until('late is connected', async () => (await peersOf('server')).includes('late'))
  })

  test('goes on without its founder: envoys check in elsewhere, machines are admitted, who was away catches up', async () => {
    await fleet.lab.kill('server')
    const since = Date.now()
    for (const envoy of ['envoy1', 'envoy2']) {
      const bolt = await until(`${envoy} checks in with another server`, () => boltOf(envoy, since))
      expect(['server2', 'server3']).toContain(bolt)
    }
    const { run } = await machine('orphan')
    succeeded(await run('vigo', 'enroll', await token('server2'), '--hostname', 'orphan').ended)
    await knows('server3', 'orphan', true)
    await fleet.lab.start('server')
    await knows('server', 'orphan', true)
  })

  test('cuts off a server that its founder revoked, and only its founder may', async () => {
    expect(refusal(await vigosrv('server2', 'members', 'revoke', 'server3'), 2)).toMatch(/founding server.* on server:/)
    expect(refusal(await vigosrv('server2', 'members', 'revoke', 'server'), 2)).toMatch(/founding/)
    const { stdout } = succeeded(await vigosrv('server', 'members', 'revoke', 'server3', '--json'))
    expect(JSON.parse(stdout)).toMatchObject({ hostname: 'server3', takenAlong: ['late'] })
    for (const node of ['server', 'server2', 'envoy1', 'envoy2']) {
      await until(`${node} is not connected to server3`, async () => !(await peersOf(node)).includes('server3'))
    }
    await knows('server2', 'server3', false)
    await knows('server2', 'late', false)
    await knows('server2', 'envoy1', true)
    expect(refusal(await vigosrv('server2', 'members', 'readmit', 'server3'), 3)).toMatch(/revoked/)
    expect(succeeded(await vigosrv('server2', 'members', 'readmit', '--admitted-by', 'server3')).stdout).toContain(
      'late',
    )
    for (const bolt of ['server', 'server2']) await knows(bolt, 'late', true)
    await until('late is connected again', async () => (await peersOf('server2')).includes('late'))
    await fleet.restart('server3')
    const since = Date.now()
    for (const envoy of ['envoy1', 'envoy2']) {
      const bolt = await until(`${envoy} checks in`, () => boltOf(envoy, since))
      expect(['server', 'server2']).toContain(bolt)
    }
    for (const node of ['server', 'server2', 'envoy1', 'envoy2']) expect(await peersOf(node)).not.toContain('server3')
  })
})
