import { isAtLeast, type Level, membershipBody, projectBody, projectId, seatBody } from '#gitback/project'
import { isAbort, KeyedMutex, type Logger, messageOf, TaskGroup, toHex } from '#node/kit'
import type { Member } from '#node/member'
import { type Json, type RecordKind, type Signer, signRecord } from '#swarm/record'

export const STACKS = 'stacks'
export const MAIN = 'refs/heads/main'

/** The project with the configuration of a fleet: its founding bolt's. */
export function stacksId(fleetId: string): string {
  return projectId(fleetId, STACKS)
}

export interface StacksOptions {
  readonly member: Pick<Member, 'roster' | 'projects' | 'replication' | 'clock' | 'fleetId'>
  readonly signer: Signer
  readonly logger: Logger
}

/**
 * Keeps the members of the stacks project what the roster says: every bolt writes and holds it, nobody else. The founding bolt says who
 * writes; each bolt says for itself that it holds the project.
 */
export class StacksProject {
  readonly id: string
  readonly #options: StacksOptions
  readonly #self: string
  readonly #mutex = new KeyedMutex()
  readonly #tasks: TaskGroup
  readonly #unsubscribe: readonly (() => void)[]

  constructor(options: StacksOptions) {
    const { member, signer, logger } = options
    this.id = stacksId(member.fleetId)
    this.#options = options
    this.#self = toHex(signer.publicKey)
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) logger.warn('stacks-members-failed', { reason: messageOf(error) })
    })
    const look = (): void => this.#tasks.run(() => this.look())
    this.#unsubscribe = [
      member.roster.onChange(look),
      member.projects.onChange(({ project, kind }) => {
        if (project === this.id && kind !== 'ref-update') look()
      }),
    ]
  }

  get isFounder(): boolean {
    return this.#self === this.#options.member.fleetId
  }

  get isFounded(): boolean {
    return this.#options.member.projects.get(this.id) !== null
  }

  /** By the founding bolt, once; again it changes nothing. */
  async found(): Promise<void> {
    const { member } = this.#options
    if (!this.isFounded) {
      const body = projectBody({
        handle: STACKS,
        founder: this.#self,
        policy: 'stacks',
        issuedAt: member.clock.now(),
      })
      await this.#state('project', body)
    }
    await this.look()
  }

  /** States what is missing. */
  async look(): Promise<void> {
    await this.#mutex.run('look', async () => {
      if (!this.isFounded) return
      if (this.isFounder) await this.#stateMembers()
      await this.#takeSeat()
    })
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#tasks.settled()
  }

  async #stateMembers(): Promise<void> {
    const { roster, projects } = this.#options.member
    for (const { peer } of roster.members()) {
      if (peer === this.#self) continue
      const level = projects.standing(this.id, peer)
      if (roster.isBolt(peer) && !isAtLeast(level, 'write')) await this.#stateMember(peer, 'write')
      else if (!roster.isBolt(peer) && level !== 'none') await this.#stateMember(peer, 'none')
    }
  }

  async #stateMember(subject: string, level: Level): Promise<void> {
    const { projects, clock } = this.#options.member
    const body = membershipBody({
      project: this.id,
      subject,
      level,
      serial: projects.nextSerial(this.id, subject),
      issuer: this.#self,
      issuedAt: clock.now(),
    })
    await this.#state('membership', body)
  }

  async #takeSeat(): Promise<void> {
    const { projects, clock } = this.#options.member
    if (!isAtLeast(projects.standing(this.id, this.#self), 'read')) return
    const seat = projects.seat(this.id, this.#self, this.#self)
    if (seat?.isHeld === true) return
    const body = seatBody({
      project: this.id,
      member: this.#self,
      peer: this.#self,
      isHeld: true,
      serial: (seat?.serial ?? 0) + 1,
      issuedAt: clock.now(),
    })
    await this.#state('seat', body)
  }

  async #state(kind: RecordKind, body: Readonly<Record<string, Json>>): Promise<void> {
    const { member, signer } = this.#options
    const record = await signRecord(kind, body, member.fleetId, signer)
    await member.projects.offer(record, { sync: true })
    await member.replication.publish('refs', record)
  }
}
