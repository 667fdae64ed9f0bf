import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  membershipBody,
  NO_COMMIT,
  Projects,
  projectBody,
  projectId,
  type RefPolicy,
  type Level as Right,
  readRefUpdate,
  seatBody,
} from '#gitback/project'
import { type BareRepository, git } from '#gitback/repo'
import { type Host, identityFromSeed, type MemoryNetwork, memoryNetwork } from '#node/host'
import { seededRandom, silentLogger, systemClock, toHex } from '#node/kit'
import { Replication } from '#swarm/gossip'
import { type Json, type RecordKind, type Signer, signerFromSeed, signRecord } from '#swarm/record'
import { Workshop } from '../fixture.ts'
import { Replicator } from './replicator.ts'

const fleetId = 'fe'.repeat(32)
const main = 'refs/heads/main'
const founder = signerFromSeed(new Uint8Array(32).fill(9))
const founderKey = toHex(founder.publicKey)
const project = projectId(founderKey, 'stacks')

/** A machine whose own key is a member, as a bolt's is. */
interface Machine {
  name: string
  key: string
  signer: Signer
  host: Host
  projects: Projects
  replication: Replication
  replicator: Replicator
  db: Level
}

let shop: Workshop
let network: MemoryNetwork
let machines: Machine[]
beforeEach(async () => {
  shop = await Workshop.open()
  network = memoryNetwork()
  machines = []
})
afterEach(async () => {
  for (const machine of machines) await stop(machine)
  await shop[Symbol.asyncDispose]()
})

async function start(name: string, number: number): Promise<Machine> {
  const seed = new Uint8Array(32).fill(number)
  const signer = signerFromSeed(seed)
  const { peerId } = identityFromSeed(seed)
  const host = network.createHost({ peerId })
  const db = new Level(shop.path(`${name}-db`))
  const logger = silentLogger
  const projects = await Projects.open({ db, fleetId, logger, newestKey: key => key, now: () => Date.now() })
  const shared = { host, clock: systemClock, random: seededRandom(number), logger }
  const replication = await Replication.start({ ...shared, fleetId, sets: [projects] })
  const replicator = await Replicator.start({
    ...shared,
    projects,
    folder: shop.path(name, 'projects'),
    self: toHex(signer.publicKey),
    announce: record => replication.publish('refs', record),
  })
  const machine = { name, key: toHex(signer.publicKey), signer, host, projects, replication, replicator, db }
  machines.push(machine)
  for (const other of machines) if (other !== machine) await host.connect(other.host.peerId)
  return machine
}

async function stop(machine: Machine): Promise<void> {
  await machine.replicator.close()
  await machine.replication.close()
  await machine.host.close()
  await machine.db.close()
}

async function state(on: Machine, kind: RecordKind, body: { [key: string]: Json }, signer: Signer): Promise<void> {
  const record = await signRecord(kind, body, fleetId, signer)
  await on.projects.offer(record, { sync: true })
  await on.replication.publish('refs', record)
}

async function found(
  on: Machine,
  policy: RefPolicy,
  members: readonly Machine[],
  level: Right = 'write',
): Promise<void> {
  const issuedAt = Date.now()
  await state(on, 'project', projectBody({ handle: 'stacks', founder: founderKey, policy, issuedAt }), founder)
  for (const { key } of members) {
    const grant = { project, subject: key, level, serial: 1, issuer: founderKey, issuedAt }
    await state(on, 'membership', membershipBody(grant), founder)
  }
  for (const member of members) {
    await eventually(
      `${member.name} knows that it is a member`,
      () => member.projects.standing(project, member.key) === level,
    )
    const seat = { project, member: member.key, peer: member.key, isHeld: true, serial: 1, issuedAt }
    await state(member, 'seat', seatBody(seat), member.signer)
  }
  for (const machine of members) {
    await eventually(`${machine.name} sees all seats`, () => machine.projects.seats(project).length === members.length)
  }
}

/** As `git push` through the local agent: objects first, then the signed update. */
async function push(on: Machine, commit: string): Promise<void> {
  const body = on.replicator.draft(project, { ref: main, to: commit, signer: on.key })
  const record = await signRecord('ref-update', body, fleetId, on.signer)
  await on.replicator.submit(readRefUpdate(record), record, { signal: AbortSignal.timeout(20_000) })
}

/** Makes a commit in the machine's own repository, on top of its main branch or of the given commits: their files and these. */
async function commit(on: Machine, files: Record<string, string>, parents?: readonly string[]): Promise<string> {
  const repository = await on.replicator.repository(project)
  const last = await repository.ref(main)
  const base = parents ?? (last === null ? [] : [last])
  const lines = new Map<string, string>()
  for (const parent of base) {
    const { stdout } = await git(repository.folder, ['ls-tree', parent])
    for (const line of stdout.toString('utf8').split('\n').filter(Boolean)) lines.set(line.split('\t')[1] ?? '', line)
  }
  for (const [path, content] of Object.entries(files)) {
    lines.set(path, `100644 blob ${await shop.object(repository, 'blob', content)}\t${path}`)
  }
  const tree = await shop.object(repository, 'tree', `${[...lines.values()].join('\n')}\n`)
  return shop.object(repository, 'commit', tree, ...base)
}

async function tip(on: Machine): Promise<string | null> {
  return (await on.replicator.repository(project)).ref(main)
}

async function eventually(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 25) {
    if (await look()) return
    await sleep(25)
  }
  throw new Error(`it did not happen that ${what}`)
}

const follows = (machine: Machine, to: string) =>
  eventually(`${machine.name} follows to ${to.slice(0, 8)}`, async () => (await tip(machine)) === to)

async function fsck(machine: Machine): Promise<BareRepository> {
  const repository = await machine.replicator.repository(project)
  await repository.check()
  return repository
}

describe('a project on three machines', () => {
  test('follows a push on any of them, also when the author is gone', async () => {
    const [a, b] = [await start('a', 1), await start('b', 2)]
    await found(a, 'fast-forward', [a, b])
    const first = await commit(a, { 'a.vgo': 'one' })
    await push(a, first)
    await follows(b, first)
    const second = await commit(b, { 'a.vgo': 'two' })
    await push(b, second)
    await follows(a, second)
    await stop(a)
    machines.splice(machines.indexOf(a), 1)

    const c = await start('c', 3)
    const grant = {
      project,
      subject: c.key,
      level: 'read' as const,
      serial: 1,
      issuer: founderKey,
      issuedAt: Date.now(),
    }
    await state(b, 'membership', membershipBody(grant), founder)
    await eventually('c is a member', () => c.projects.standing(project, c.key) === 'read')
    await state(
      c,
      'seat',
      seatBody({ project, member: c.key, peer: c.key, isHeld: true, serial: 1, issuedAt: Date.now() }),
      c.signer,
    )
    await follows(c, second)
    for (const machine of [b, c]) await fsck(machine)
    await expect(push(c, first)).rejects.toMatchObject({ code: 'not-a-member' })
  })

  test('keeps both heads of a partition, shows them, stays where it was, and ends with a descendant of both', async () => {
    const [a, b, c] = [await start('a', 1), await start('b', 2), await start('c', 3)]
    await found(a, 'fast-forward', [a, b, c])
    const base = await commit(a, { 'a.vgo': 'base' })
    await push(a, base)
    for (const machine of [b, c]) await follows(machine, base)

    network.partition([[a.host.peerId], [b.host.peerId, c.host.peerId]])
    const left = await commit(a, { 'a.vgo': 'left' })
    await push(a, left)
    const right = await commit(b, { 'b.vgo': 'right' })
    await push(b, right)
    await follows(c, right)
    network.heal()
    for (const machine of [a, b, c]) {
      for (const other of [a, b, c]) if (other !== machine) await machine.host.connect(other.host.peerId)
    }
    for (const machine of [a, b, c]) {
      await eventually(`${machine.name} sees the divergence`, async () => {
        const [status] = await machine.replicator.status(project)
        return status?.state === 'diverged' && status.heads.length === 2
      })
    }
    expect([await tip(a), await tip(b), await tip(c)]).toEqual([left, right, right])

    await eventually('a has the objects of the other side', async () => (await fsck(a)).has(right))
    const merged = await commit(a, { 'a.vgo': 'left', 'b.vgo': 'right' }, [left, right])
    await push(a, merged)
    for (const machine of [a, b, c]) await follows(machine, merged)
    for (const machine of [a, b, c]) {
      expect((await machine.replicator.status(project)).map(({ state }) => state)).toEqual(['settled'])
      expect([...(await (await fsck(machine)).refs({ hidden: [] })).keys()]).toEqual([main])
    }
  })

  test('does not follow a signature without right, a rewritten history, or objects that break a rule', async () => {
    const [a, b] = [await start('a', 1), await start('b', 2)]
    await found(a, 'fast-forward', [a, b])
    const base = await commit(a, { 'a.vgo': 'base' })
    await push(a, base)
    await follows(b, base)

    const rewritten = await commit(a, { 'a.vgo': 'another past' }, [])
    await expect(push(a, rewritten)).rejects.toMatchObject({ code: 'refused', message: /only goes forward/ })
    expect(b.projects.heads(project, main).map(head => head.new)).toEqual([base])
    await (await a.replicator.repository(project)).moveRefs([{ ref: 'refs/heads/x', from: NO_COMMIT, to: rewritten }])
    await state(a, 'ref-update', a.replicator.draft(project, { ref: main, to: rewritten, signer: a.key }), a.signer)
    await eventually('b refuses it', async () => (await b.replicator.status(project))[0]?.state === 'refused')
    expect([await tip(a), await tip(b)]).toEqual([base, base])

    const { folder } = await a.replicator.repository(project)
    const blob = (await git(folder, ['hash-object', '-w', '--stdin'], { stdin: 'evil' })).stdout.toString().trim()
    const tree = (await git(folder, ['mktree'], { stdin: `100644 blob ${blob}\t.git\n` })).stdout.toString().trim()
    const evil = (await git(folder, ['commit-tree', tree, '-m', 'x', '-p', base])).stdout.toString().trim()
    await (await a.replicator.repository(project)).moveRefs([{ ref: 'refs/heads/y', from: NO_COMMIT, to: evil }])
    await state(a, 'ref-update', a.replicator.draft(project, { ref: main, to: evil, signer: a.key }), a.signer)
    await eventually('b says why it stays', async () => {
      const [status] = await b.replicator.status(project)
      return status?.problem.includes('.git') === true
    })
    expect(await tip(b)).toBe(base)
    expect(await (await fsck(b)).has(evil)).toBe(false)
  })

  test('a member that was revoked pushes for nobody but itself, and is given nothing', async () => {
    const [a, b] = [await start('a', 1), await start('b', 2)]
    await found(a, 'any', [a, b])
    const base = await commit(a, { 'a.vgo': 'base' })
    await push(a, base)
    await follows(b, base)
    network.partition([[a.host.peerId], [b.host.peerId]])
    const none = {
      project,
      subject: b.key,
      level: 'none' as const,
      serial: 2,
      issuer: founderKey,
      issuedAt: Date.now(),
    }
    await state(a, 'membership', membershipBody(none), founder)
    const late = await commit(b, { 'b.vgo': 'late' })
    await push(b, late)
    network.heal()
    await b.host.connect(a.host.peerId)
    await eventually('b hears of it', () => b.projects.standing(project, b.key) === 'none')
    expect(a.projects.heads(project, main).map(head => head.new)).toEqual([base])
    expect(await tip(a)).toBe(base)
    const next = await commit(a, { 'a.vgo': 'next' })
    await push(a, next)
    await expect(b.replicator.repository(project)).rejects.toMatchObject({ code: 'not-held' })
  })
})
