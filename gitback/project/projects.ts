import type { Level as Database } from 'level'
import { fromHex, KeyedMutex, type Logger } from '#node/kit'
import { type Outcome, type RecordSet, RecordTable } from '#swarm/gossip'
import { RecordError, requireSignature, type SignedRecord } from '#swarm/record'
import { isAtLeast, type Level, type Membership, membershipId, readMembership } from './membership.ts'
import { type Project, readProject } from './project.ts'
import { RefHistory } from './ref-history.ts'
import { type RefUpdate, readRefUpdate, refUpdateId } from './ref-update.ts'
import { readSeat, type Seat, seatId } from './seat.ts'
import { mayState, standingOf } from './standing.ts'

export interface ProjectsOptions {
  db: Database
  fleetId: string
  logger: Logger
  /** The key that a puddle answers to now. */
  newestKey: (puddle: string) => string
  now: () => number
}

/** A row that was accepted. */
export type ProjectChange =
  | { readonly kind: 'project' | 'membership' | 'seat'; readonly project: string }
  | { readonly kind: 'ref-update'; readonly project: string; readonly ref: string }

type Statement =
  | { readonly kind: 'project'; readonly id: string; readonly signer: string; readonly value: Project }
  | { readonly kind: 'membership'; readonly id: string; readonly signer: string; readonly value: Membership }
  | { readonly kind: 'seat'; readonly id: string; readonly signer: string; readonly value: Seat }
  | { readonly kind: 'ref-update'; readonly id: string; readonly signer: string; readonly value: RefUpdate }

/** What is known of one project; parts may be there before its founding is. */
interface Known {
  project: { readonly value: Project; readonly hash: string } | undefined
  readonly memberships: Map<string, { readonly value: Membership; readonly hash: string }>
  readonly seats: Map<string, { readonly value: Seat; readonly hash: string }>
  readonly refs: Map<string, RefHistory>
}

/** Branches and tags of one project that any update was made of. */
const MAX_REFS = 4096
/** Statements about the future are not taken before their time. */
export const MAX_AHEAD_MS = 10 * 60_000

/**
 * Projects as every member of the fleet knows them (topic `refs`): who founded them, who may what, which machines hold them, and where their
 * refs should point. Knows nothing of git objects. Right and wrong do not depend on the order of arrival, but for one thing: an update that
 * was accepted stays when its signer is revoked later; whoever hears of the revocation first does not take it.
 */
export class Projects implements RecordSet {
  readonly topic = 'refs'
  readonly #options: ProjectsOptions
  readonly #known = new Map<string, Known>()
  readonly #mutex = new KeyedMutex()
  readonly #listeners = new Set<(change: ProjectChange) => void>()
  #table: RecordTable | undefined

  private constructor(options: ProjectsOptions) {
    this.#options = options
  }

  static async open(options: ProjectsOptions): Promise<Projects> {
    const projects = new Projects(options)
    projects.#table = await RecordTable.open({
      db: options.db,
      name: 'refs',
      logger: options.logger,
      restore: async (row, record) => {
        const statement = statementOf(record)
        if (statement.id !== row.id) throw new RecordError('malformed', 'row is stored under another id')
        await requireSignature(record, options.fleetId, fromHex(statement.signer))
        projects.#accept(statement, record.hash)
      },
    })
    return projects
  }

  get table(): RecordTable {
    if (this.#table === undefined) throw new Error('projects are not open')
    return this.#table
  }

  async offer(record: SignedRecord, options: { sync?: boolean } = {}): Promise<Outcome> {
    const statement = statementOf(record)
    if (this.table.has(statement.id, record.hash)) return 'known'
    await requireSignature(record, this.#options.fleetId, fromHex(statement.signer))
    return this.#mutex.run(projectOf(statement), async () => {
      const outcome = await this.#merge(statement, record, options)
      if (outcome === 'new') for (const listener of this.#listeners) listener(changeOf(statement))
      return outcome
    })
  }

  /** Returns the unsubscriber. */
  onChange(listener: (change: ProjectChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** By handle. */
  all(): readonly Project[] {
    return [...this.#known.values()]
      .flatMap(({ project }) => (project === undefined ? [] : [project.value]))
      .sort((a, b) => a.handle.localeCompare(b.handle) || (a.id < b.id ? -1 : 1))
  }

  get(id: string): Project | null {
    return this.#known.get(id)?.project?.value ?? null
  }

  standing(id: string, key: string): Level {
    const known = this.#known.get(id)
    if (known?.project === undefined) return 'none'
    return standingOf(this.#isFounder(known.project.value), memberships(known), key)
  }

  /** Everybody with a right, the founder first. */
  members(id: string): readonly { readonly key: string; readonly level: Level }[] {
    const known = this.#known.get(id)
    if (known?.project === undefined) return []
    const isFounder = this.#isFounder(known.project.value)
    const keys = new Set(memberships(known).map(({ subject }) => subject))
    const founder = this.#options.newestKey(known.project.value.founder)
    const others = [...keys]
      .filter(key => !isFounder(key))
      .sort()
      .map(key => ({ key, level: this.standing(id, key) }))
    return [{ key: founder, level: 'admin' as const }, ...others.filter(({ level }) => level !== 'none')]
  }

  /** The serial that the next statement of the issuer about the subject must have to count. */
  nextSerial(id: string, subject: string): number {
    const about = memberships(this.#known.get(id)).filter(statement => statement.subject === subject)
    return Math.max(0, ...about.map(({ serial }) => serial)) + 1
  }

  /** Machines that hold the project for somebody who may read it. */
  seats(id: string): readonly Seat[] {
    const known = this.#known.get(id)
    if (known === undefined) return []
    return [...known.seats.values()]
      .map(({ value }) => value)
      .filter(({ isHeld, member }) => isHeld && isAtLeast(this.standing(id, member), 'read'))
  }

  seat(id: string, member: string, peer: string): Seat | null {
    const found = [...(this.#known.get(id)?.seats.values() ?? [])]
    return found.find(({ value }) => value.member === member && value.peer === peer)?.value ?? null
  }

  isSeated(id: string, peer: string): boolean {
    return this.seats(id).some(seat => seat.peer === peer)
  }

  /** Refs that an update was ever made of, sorted. */
  refs(id: string): readonly string[] {
    return [...(this.#known.get(id)?.refs.keys() ?? [])].sort()
  }

  /** Updates that no other known update follows, the highest seq first. */
  heads(id: string, ref: string): readonly RefUpdate[] {
    return this.#known.get(id)?.refs.get(ref)?.heads ?? []
  }

  /** The newest first, as far back as they are kept. */
  updates(id: string, ref: string): readonly RefUpdate[] {
    return this.#known.get(id)?.refs.get(ref)?.updates ?? []
  }

  async record(id: string, hash: string): Promise<Uint8Array | null> {
    return this.table.load({ id, hash })
  }

  async #merge(statement: Statement, record: SignedRecord, options: { sync?: boolean }): Promise<Outcome> {
    const known = this.#known.get(projectOf(statement)) ?? nothingKnown()
    const replaced: string[] = []
    switch (statement.kind) {
      case 'project':
        // A founder who says two things is held to the one that everybody chooses alike.
        if (known.project !== undefined && known.project.hash < record.hash) return 'outdated'
        if (known.project !== undefined) replaced.push(known.project.hash)
        break
      case 'membership':
      case 'seat': {
        if (statement.value.issuedAt > this.#options.now() + MAX_AHEAD_MS) return 'held'
        const held = statement.kind === 'membership' ? known.memberships : known.seats
        const current = held.get(statement.id)
        if (current !== undefined && !isNewer(statement.value.serial, record.hash, current)) return 'outdated'
        if (known.project === undefined) return 'held'
        const isEntitled =
          statement.kind === 'membership'
            ? mayState(this.#isFounder(known.project.value), memberships(known), statement.value)
            : current !== undefined || isAtLeast(this.standing(known.project.value.id, statement.signer), 'read')
        if (!isEntitled) return 'held'
        if (current !== undefined) replaced.push(current.hash)
        break
      }
      case 'ref-update': {
        if (statement.value.issuedAt > this.#options.now() + MAX_AHEAD_MS) return 'held'
        if (!isAtLeast(this.standing(statement.value.project, statement.value.signer), 'write')) return 'held'
        if (known.refs.get(statement.value.ref)?.accepts(statement.value) === false) return 'outdated'
        if (!known.refs.has(statement.value.ref) && known.refs.size >= MAX_REFS) return 'held'
        break
      }
    }
    await this.table.replace(statement.id, record, replaced, options)
    const dropped = this.#accept(statement, record.hash)
    for (const update of dropped) await this.table.replace(refUpdateId(update), null, [update.hash])
    return 'new'
  }

  #accept(statement: Statement, hash: string): readonly RefUpdate[] {
    const known = this.#of(projectOf(statement))
    switch (statement.kind) {
      case 'project':
        known.project = { value: statement.value, hash }
        return []
      case 'membership':
        known.memberships.set(statement.id, { value: statement.value, hash })
        return []
      case 'seat':
        known.seats.set(statement.id, { value: statement.value, hash })
        return []
      case 'ref-update': {
        const history = known.refs.get(statement.value.ref) ?? new RefHistory()
        known.refs.set(statement.value.ref, history)
        return history.add(statement.value)
      }
    }
  }

  #of(id: string): Known {
    const known = this.#known.get(id) ?? nothingKnown()
    this.#known.set(id, known)
    return known
  }

  #isFounder({ founder }: Project): (key: string) => boolean {
    const newest = this.#options.newestKey(founder)
    return key => key === founder || key === newest
  }
}

function nothingKnown(): Known {
  return { project: undefined, memberships: new Map(), seats: new Map(), refs: new Map() }
}

function memberships(known: Known | undefined): readonly Membership[] {
  return known === undefined ? [] : Array.from(known.memberships.values(), ({ value }) => value)
}

function isNewer(serial: number, hash: string, current: { value: { serial: number }; hash: string }): boolean {
  return serial === current.value.serial ? hash < current.hash : serial > current.value.serial
}

function statementOf(record: SignedRecord): Statement {
  switch (record.kind) {
    case 'project': {
      const value = readProject(record)
      return { kind: 'project', id: value.id, signer: value.founder, value }
    }
    case 'membership': {
      const value = readMembership(record)
      return { kind: 'membership', id: membershipId(value), signer: value.issuer, value }
    }
    case 'seat': {
      const value = readSeat(record)
      return { kind: 'seat', id: seatId(value), signer: value.member, value }
    }
    case 'ref-update': {
      const value = readRefUpdate(record)
      return { kind: 'ref-update', id: refUpdateId(value), signer: value.signer, value }
    }
    case 'admission':
    case 'revocation':
    case 'name-claim':
    case 'rekey-bridge':
    case 'catalog-entry':
    case 'block':
    case 'bolt-route':
    case 'envoy-route':
      throw new RecordError('malformed', `a ${record.kind} record does not belong among the projects`)
  }
}

function projectOf(statement: Statement): string {
  return statement.kind === 'project' ? statement.value.id : statement.value.project
}

function changeOf(statement: Statement): ProjectChange {
  if (statement.kind !== 'ref-update') return { kind: statement.kind, project: projectOf(statement) }
  return { kind: 'ref-update', project: statement.value.project, ref: statement.value.ref }
}
