import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import {
  membershipBody,
  Projects,
  projectBody,
  projectId,
  type RefPolicy,
  type Level as Right,
  readRefUpdate,
  seatBody,
} from '#gitback/project'
import { type BareRepository, git, type QuarantineLimits } from '#gitback/repo'
import { type Host, identityFromSeed, type MemoryNetwork, memoryNetwork } from '#node/host'
import { type Clock, seededRandom, silentLogger, systemClock, toHex } from '#node/kit'
import { Replication } from '#swarm/gossip'
import { type Json, type RecordKind, type SignedRecord, type Signer, signerFromSeed, signRecord } from '#swarm/record'
import { Workshop } from '../fixture.ts'
import type { ContentCheck, RefStatus } from './held-project.ts'
import { Replicator } from './replicator.ts'

const fleetId = 'fe'.repeat(32)
export const main = 'refs/heads/main'
export const founder = signerFromSeed(new Uint8Array(32).fill(9))
export const founderKey = toHex(founder.publicKey)
export const project = projectId(founderKey, 'stacks')

/** A machine whose own key is a member, as a bolt's is. */
export interface Machine {
  readonly name: string
  readonly key: string
  readonly signer: Signer
  readonly host: Host
  readonly projects: Projects
  readonly replication: Replication
  readonly replicator: Replicator
  readonly db: Level
}

export interface MachineOptions {
  readonly clock?: Clock
  readonly limits?: Partial<QuarantineLimits>
  readonly checkStacks?: ContentCheck
  /** Of its repositories. */
  readonly folder?: string
}

/** Machines on one network, each connected with all others, and what people do on them. */
export class Machines implements AsyncDisposable {
  readonly shop: Workshop
  readonly network: MemoryNetwork = memoryNetwork()
  readonly running: Machine[] = []

  private constructor(shop: Workshop) {
    this.shop = shop
  }

  static async open(): Promise<Machines> {
    return new Machines(await Workshop.open())
  }

  async start(name: string, number: number, options: MachineOptions = {}): Promise<Machine> {
    const { clock = systemClock, folder = this.shop.path(name, 'projects'), ...rest } = options
    const seed = new Uint8Array(32).fill(number)
    const signer = signerFromSeed(seed)
    const host = this.network.createHost({ peerId: identityFromSeed(seed).peerId })
    const db = new Level(this.shop.path(`${name}-db`))
    const logger = silentLogger
    const projects = await Projects.open({ db, fleetId, logger, newestKey: key => key, now: () => clock.now() })
    const shared = { host, clock, random: seededRandom(number), logger }
    const replication = await Replication.start({ ...shared, fleetId, sets: [projects] })
    const replicator = await Replicator.start({
      ...shared,
      ...rest,
      projects,
      folder,
      self: toHex(signer.publicKey),
      announce: record => replication.publish('refs', record),
    })
    const machine = { name, key: toHex(signer.publicKey), signer, host, projects, replication, replicator, db }
    this.running.push(machine)
    for (const other of this.running) if (other !== machine) await host.connect(other.host.peerId)
    return machine
  }

  async stop(machine: Machine): Promise<void> {
    this.running.splice(this.running.indexOf(machine), 1)
    await machine.replicator.close()
    await machine.replication.close()
    await machine.host.close()
    await machine.db.close()
  }

  sign(kind: RecordKind, body: { [key: string]: Json }, signer: Signer): Promise<SignedRecord> {
    return signRecord(kind, body, fleetId, signer)
  }

  async state(on: Machine, kind: RecordKind, body: { [key: string]: Json }, signer: Signer): Promise<void> {
    const record = await this.sign(kind, body, signer)
    await on.projects.offer(record, { sync: true })
    await on.replication.publish('refs', record)
  }

  /** The founder's word of a member. */
  async grant(on: Machine, subject: string, level: Right, serial: number): Promise<void> {
    const body = { project, subject, level, serial, issuer: founderKey, issuedAt: Date.now() }
    await this.state(on, 'membership', membershipBody(body), founder)
  }

  async sit(on: Machine): Promise<void> {
    const body = { project, member: on.key, peer: on.key, isHeld: true, serial: 1, issuedAt: Date.now() }
    await this.state(on, 'seat', seatBody(body), on.signer)
  }

  async found(on: Machine, policy: RefPolicy, members: readonly Machine[], level: Right = 'write'): Promise<void> {
    const founding = { handle: 'stacks', founder: founderKey, policy, issuedAt: Date.now() }
    await this.state(on, 'project', projectBody(founding), founder)
    for (const { key } of members) await this.grant(on, key, level, 1)
    for (const member of members) {
      await eventually(
        `${member.name} knows that it is a member`,
        () => member.projects.standing(project, member.key) === level,
      )
      await this.sit(member)
    }
    for (const machine of members) {
      await eventually(
        `${machine.name} sees all seats`,
        () => machine.projects.seats(project).length === members.length,
      )
    }
  }

  /** As `git push` through the local agent: objects first, then the signed update. */
  async push(
    on: Machine,
    commit: string,
    { ref = main, ends = 'seen' }: { ref?: string; ends?: 'seen' | 'all' } = {},
  ): Promise<SignedRecord> {
    const body = await on.replicator.draft(project, { ref, to: commit, signer: on.key, ends })
    const record = await this.sign('ref-update', body, on.signer)
    await on.replicator.submit(readRefUpdate(record), record, { signal: AbortSignal.timeout(20_000) })
    return record
  }

  /** What a machine says that has a program of its own: no check of its own stands before it. */
  async claim(on: Machine, to: string): Promise<void> {
    const { folder } = await on.replicator.repository(project)
    await git(folder, ['update-ref', `refs/hidden/${to}`, to])
    const body = await on.replicator.draft(project, { ref: main, to, signer: on.key, ends: 'all' })
    await this.state(on, 'ref-update', body, on.signer)
  }

  /** Makes a commit in the machine's own repository, on top of its main branch or of the given commits: their files and these. */
  async commit(on: Machine, files: Record<string, string>, parents?: readonly string[]): Promise<string> {
    const repository = await on.replicator.repository(project)
    const last = await repository.ref(main)
    const base = parents ?? (last === null ? [] : [last])
    const lines = new Map<string, string>()
    for (const parent of base) {
      const { stdout } = await git(repository.folder, ['ls-tree', parent])
      for (const line of stdout.toString('utf8').split('\n').filter(Boolean)) lines.set(line.split('\t')[1] ?? '', line)
    }
    for (const [path, content] of Object.entries(files)) {
      lines.set(path, `100644 blob ${await this.shop.object(repository, 'blob', content)}\t${path}`)
    }
    const tree = await this.shop.object(repository, 'tree', `${[...lines.values()].join('\n')}\n`)
    return this.shop.object(repository, 'commit', tree, ...base)
  }

  async follows(machine: Machine, to: string): Promise<void> {
    await eventually(
      `${machine.name} follows to ${to.slice(0, 8)}`,
      async () => (await tipOf(machine)) === to,
      () => statusOf(machine),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const machine of this.running.toReversed()) await this.stop(machine)
    await this.shop[Symbol.asyncDispose]()
  }
}

export async function tipOf(on: Machine): Promise<string | null> {
  return (await on.replicator.repository(project)).ref(main)
}

export async function statusOf(on: Machine, ref = main): Promise<RefStatus | undefined> {
  return (await on.replicator.status(project)).find(status => status.ref === ref)
}

export async function fsck(machine: Machine): Promise<BareRepository> {
  const repository = await machine.replicator.repository(project)
  await repository.check()
  return repository
}

export async function eventually(
  what: string,
  look: () => Promise<boolean> | boolean,
  describe: () => Promise<unknown> = async () => '',
): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 25) {
    if (await look()) return
    await sleep(25)
  }
  throw new Error(`it did not happen that ${what}: ${JSON.stringify(await describe())}`)
}
