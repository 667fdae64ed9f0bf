import type { Level } from 'level'
import { fromHex, KeyedMutex, type Logger } from '#node/kit'
import { type Outcome, type RecordSet, RecordTable } from '#swarm/gossip'
import { RecordError, requireSignature, type SignedRecord } from '#swarm/record'
import type { Roster } from '#swarm/roster'
import type { RouteView } from './bolts-for.ts'
import { HostPatterns } from './pattern.ts'
import { type Held, holding, outranks, type Standing, type Stated } from './register.ts'
import { type BoltRoute, boltRouteId, type EnvoyRoute, envoyRouteId, readBoltRoute, readEnvoyRoute } from './rows.ts'

/** What holds of this bolt or envoy may be something else now. */
export type RouteChange =
  | { readonly kind: 'bolt'; readonly bolt: string }
  | { readonly kind: 'envoy'; readonly peer: string }

export interface RoutesOptions {
  db: Level
  fleetId: string
  roster: Pick<Roster, 'member' | 'isBolt'>
  logger: Logger
  now: () => number
}

type Statement =
  | { readonly kind: 'bolt-route'; readonly id: string; readonly subject: string; readonly value: BoltRoute }
  | { readonly kind: 'envoy-route'; readonly id: string; readonly subject: string; readonly value: EnvoyRoute }

/** Statements about the future are not taken before their time. */
const MAX_AHEAD_MS = 10 * 60_000

/**
 * Which bolt serves whom, as every member knows it (topic `routes`). Kept is the newest statement of every bolt about every bolt and every
 * envoy; which of them holds is asked when somebody wants to know, so that it does not depend on the order in which statements, admissions
 * and revocations came.
 */
export class Routes implements RecordSet, RouteView {
  readonly topic = 'routes'
  readonly #options: RoutesOptions
  /** By what they are about, then by issuer. */
  readonly #bolts = new Map<string, Map<string, Held<BoltRoute>>>()
  readonly #envoys = new Map<string, Map<string, Held<EnvoyRoute>>>()
  readonly #matchers = new WeakMap<BoltRoute, HostPatterns>()
  readonly #mutex = new KeyedMutex()
  readonly #listeners = new Set<(change: RouteChange) => void>()
  #table: RecordTable | undefined

  private constructor(options: RoutesOptions) {
    this.#options = options
  }

  static async open(options: RoutesOptions): Promise<Routes> {
    const routes = new Routes(options)
    routes.#table = await RecordTable.open({
      db: options.db,
      name: 'routes',
      logger: options.logger,
      restore: async (row, record) => {
        const statement = statementOf(record)
        if (statement.id !== row.id) throw new RecordError('malformed', 'row is stored under another id')
        await requireSignature(record, options.fleetId, fromHex(statement.value.issuer))
        routes.#accept(statement, record.hash)
      },
    })
    return routes
  }

  get table(): RecordTable {
    if (this.#table === undefined) throw new Error('routes are not open')
    return this.#table
  }

  async offer(record: SignedRecord, options: { sync?: boolean } = {}): Promise<Outcome> {
    const statement = statementOf(record)
    const { id, value } = statement
    if (this.table.has(id, record.hash)) return 'known'
    await requireSignature(record, this.#options.fleetId, fromHex(value.issuer))
    return this.#mutex.run(id, async () => {
      if (value.issuedAt > this.#options.now() + MAX_AHEAD_MS || !this.#isKnown(statement)) return 'held'
      const current = this.#heldBy(statement)
      if (current?.hash === record.hash) return 'known'
      if (current !== undefined && !outranks({ value, hash: record.hash }, current)) return 'outdated'
      await this.table.replace(id, record, current === undefined ? [] : [current.hash], options)
      this.#accept(statement, record.hash)
      const change: RouteChange =
        statement.kind === 'bolt-route'
          ? { kind: 'bolt', bolt: statement.subject }
          : { kind: 'envoy', peer: statement.subject }
      for (const listener of this.#listeners) listener(change)
      return 'new'
    })
  }

  /** Told after every accepted record; not when the roster changes, on which it depends too. Returns the unsubscriber. */
  onChange(listener: (change: RouteChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  bolt(bolt: string): (BoltRoute & { readonly matcher: HostPatterns }) | null {
    const route = this.#holding(this.#bolts.get(bolt))
    if (route === null) return null
    const matcher = this.#matchers.get(route) ?? new HostPatterns(route.patterns)
    this.#matchers.set(route, matcher)
    return { ...route, matcher }
  }

  pin(peer: string): string | null {
    return this.#holding(this.#envoys.get(peer))?.bolt ?? null
  }

  /** The serial that the next statement about a bolt or an envoy must have to hold. */
  nextSerial(subject: string): number {
    const about = [...(this.#bolts.get(subject)?.values() ?? []), ...(this.#envoys.get(subject)?.values() ?? [])]
    const highest = Math.max(0, ...about.map(({ value }) => value.serial))
    return Math.min(highest + 1, Number.MAX_SAFE_INTEGER)
  }

  #holding<T extends Stated>(statements: ReadonlyMap<string, Held<T>> | undefined): T | null {
    return statements === undefined
      ? null
      : (holding(statements.values(), issuer => this.#standingOf(issuer))?.value ?? null)
  }

  #standingOf(issuer: string): Standing {
    const { roster } = this.#options
    if (roster.isBolt(issuer)) return { kind: 'bolt' }
    const member = roster.member(issuer)
    if (member?.role !== 'bolt') return { kind: 'none' }
    return { kind: 'revoked', at: member.revoked?.issuedAt ?? 0 }
  }

  /** The issuer was ever a bolt, and whom it speaks of was ever admitted: what is stored is bounded by the roster. */
  #isKnown({ kind, value }: Statement): boolean {
    const { roster } = this.#options
    const isAdmitted = (key: string): boolean => roster.member(key) !== null
    if (roster.member(value.issuer)?.role !== 'bolt') return false
    if (kind === 'bolt-route') return isAdmitted(value.bolt)
    return isAdmitted(value.peer) && (value.bolt === null || isAdmitted(value.bolt))
  }

  #heldBy({ kind, subject, value }: Statement): Held<Stated> | undefined {
    return (kind === 'bolt-route' ? this.#bolts : this.#envoys).get(subject)?.get(value.issuer)
  }

  #accept({ kind, subject, value }: Statement, hash: string): void {
    if (kind === 'bolt-route') put(this.#bolts, subject, { value, hash })
    else put(this.#envoys, subject, { value, hash })
  }
}

function put<T extends Stated>(registers: Map<string, Map<string, Held<T>>>, subject: string, held: Held<T>): void {
  const register = registers.get(subject) ?? new Map<string, Held<T>>()
  registers.set(subject, register)
  register.set(held.value.issuer, held)
}

function statementOf(record: SignedRecord): Statement {
  if (record.kind === 'bolt-route') {
    const value = readBoltRoute(record)
    return { kind: 'bolt-route', id: boltRouteId(value), subject: value.bolt, value }
  }
  if (record.kind === 'envoy-route') {
    const value = readEnvoyRoute(record)
    return { kind: 'envoy-route', id: envoyRouteId(value), subject: value.peer, value }
  }
  throw new RecordError('malformed', `a ${record.kind} record does not belong among the routes`)
}
