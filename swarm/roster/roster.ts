import type { Level } from 'level'
import { fromHex, KeyedMutex, type Logger } from '#node/kit'
import { type Outcome, type RecordSet, RecordTable } from '#swarm/gossip'
import { RecordError, requireSignature, type SignedRecord } from '#swarm/record'
import { type Admission, type Revocation, type Role, readAdmission, readRevocation, rowId } from './rows.ts'

export interface Member extends Admission {
  readonly revoked: Revocation | null
}

/**
 * Who is in the fleet, as every member knows it. `isMember` is the question of the gate: synchronous, from memory.
 */
export class Roster implements RecordSet {
  readonly topic = 'roster'
  readonly fleetId: string
  readonly #admissions = new Map<string, { admission: Admission; record: SignedRecord }>()
  readonly #revocations = new Map<string, { revocation: Revocation; record: SignedRecord }>()
  readonly #listeners = new Set<(change: RosterChange) => void>()
  readonly #mutex = new KeyedMutex()
  #table: RecordTable | undefined

  private constructor(fleetId: string) {
    this.fleetId = fleetId
  }

  static async open(options: { db: Level; fleetId: string; logger: Logger }): Promise<Roster> {
    const roster = new Roster(options.fleetId)
    // Rows are verified against each other, so they are collected first and judged when all are known, bolts first.
    const stored: SignedRecord[] = []
    roster.#table = await RecordTable.open({
      db: options.db,
      name: 'roster',
      logger: options.logger,
      restore: async (row, record) => {
        const peer = record.kind === 'admission' ? readAdmission(record).peer : readRevocation(record).peer
        const kind = record.kind === 'admission' ? 'admission' : 'revocation'
        if (rowId(kind, peer) !== row.id) throw new RecordError('malformed', 'row is stored under another id')
        await requireSignature(record, options.fleetId, fromHex(issuerOf(record)))
        stored.push(record)
      },
    })
    const admissions = stored.filter(record => record.kind === 'admission')
    for (const record of admissions.filter(r => readAdmission(r).role === 'bolt')) roster.#accept(record)
    for (const record of admissions.filter(r => readAdmission(r).role === 'envoy')) roster.#accept(record)
    for (const record of stored.filter(record => record.kind === 'revocation')) roster.#accept(record)
    return roster
  }

  get table(): RecordTable {
    if (this.#table === undefined) throw new Error('roster is not open')
    return this.#table
  }

  /** Admitted, not revoked, and admitted by someone who may. */
  isMember(peer: string): boolean {
    const row = this.#admissions.get(peer)
    return row !== undefined && !this.#isRevoked(peer) && this.#mayAdmit(row.admission)
  }

  isBolt(peer: string): boolean {
    return this.isMember(peer) && this.#admissions.get(peer)?.admission.role === 'bolt'
  }

  /** Whether what this key admits counts, as things are now. */
  mayAdmit(issuer: string, role: Role): boolean {
    return issuer === this.fleetId || (role === 'envoy' && this.isBolt(issuer))
  }

  member(peer: string): Member | null {
    const row = this.#admissions.get(peer)
    if (row === undefined) return null
    const revocation = this.#isRevoked(peer) ? this.#revocations.get(peer)?.revocation : undefined
    return { ...row.admission, revoked: revocation ?? null }
  }

  /** Everybody ever admitted, by host name; revoked ones too. */
  members(): Member[] {
    return [...this.#admissions.keys()]
      .map(peer => this.member(peer))
      .filter(member => member !== null)
      .sort((a, b) => a.hostname.localeCompare(b.hostname) || a.peer.localeCompare(b.peer))
  }

  /** The live member with this host name, public key or unique prefix of at least eight digits of it. */
  find(reference: string): Member[] {
    const live = this.members().filter(member => this.isMember(member.peer))
    const exact = live.filter(member => member.hostname === reference || member.peer === reference)
    if (exact.length > 0 || reference.length < 8) return exact
    return live.filter(member => member.peer.startsWith(reference))
  }

  /** All rows, in an order in which a fresh member can accept each: bolts, envoys, revocations. */
  snapshot(): SignedRecord[] {
    const admissions = [...this.#admissions.values()]
    return [
      ...admissions.filter(row => row.admission.role === 'bolt').map(row => row.record),
      ...admissions.filter(row => row.admission.role === 'envoy').map(row => row.record),
      ...[...this.#revocations.values()].map(row => row.record),
    ]
  }

  async offer(record: SignedRecord, options: { sync?: boolean } = {}): Promise<Outcome> {
    const { kind } = record
    if (kind !== 'admission' && kind !== 'revocation') {
      throw new RecordError('malformed', `a ${kind} record does not belong in the roster`)
    }
    const statement = kind === 'admission' ? readAdmission(record) : readRevocation(record)
    const id = rowId(kind, statement.peer)
    if (this.table.has(id, record.hash)) return 'known'
    await requireSignature(record, this.fleetId, fromHex(statement.issuer))
    return this.#mutex.run('roster', async () => {
      if (!this.#entitled(record)) {
        // The issuer may be a bolt whose own admission is still on its way.
        if (statement.issuer !== this.fleetId && !this.#admissions.has(statement.issuer)) return 'held'
        throw new RecordError(
          'not-entitled',
          `${statement.issuer.slice(0, 12)} may not issue this ${kind} of ${statement.peer.slice(0, 12)}`,
        )
      }
      const current =
        kind === 'admission' ? this.#admissions.get(statement.peer) : this.#revocations.get(statement.peer)
      if (current !== undefined && !supersedes(record, current.record, this.fleetId)) return 'outdated'
      await this.table.replace(id, record, current === undefined ? [] : [current.record.hash], options)
      const before = this.isMember(statement.peer)
      this.#accept(record)
      const after = this.isMember(statement.peer)
      for (const listener of this.#listeners) listener({ peer: statement.peer, before, after })
      return 'new'
    })
  }

  /** Told after every accepted record. A revoked bolt takes those along whom only it admitted: see `isMember`. */
  onChange(listener: (change: RosterChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #accept(record: SignedRecord): void {
    if (record.kind === 'admission') {
      const admission = readAdmission(record)
      const current = this.#admissions.get(admission.peer)
      if (current === undefined || supersedes(record, current.record, this.fleetId)) {
        this.#admissions.set(admission.peer, { admission, record })
      }
    } else {
      const revocation = readRevocation(record)
      const current = this.#revocations.get(revocation.peer)
      if (current === undefined || supersedes(record, current.record, this.fleetId)) {
        this.#revocations.set(revocation.peer, { revocation, record })
      }
    }
  }

  /**
   * May the issuer ever have said this? Whether an admission still counts once its bolt is revoked is asked in `isMember`, so
   * that what is stored does not depend on which record came first. A revocation counts even then: out is the safe side.
   */
  #entitled(record: SignedRecord): boolean {
    if (record.kind === 'admission') {
      const { issuer, role } = readAdmission(record)
      return issuer === this.fleetId || (role === 'envoy' && this.#wasBolt(issuer))
    }
    const { peer, issuer } = readRevocation(record)
    if (peer === this.fleetId) return false
    return issuer === this.fleetId || (this.#wasBolt(issuer) && !this.#wasBolt(peer))
  }

  #mayAdmit(admission: Admission): boolean {
    if (admission.issuer === this.fleetId) return true
    return admission.role === 'envoy' && this.#wasBolt(admission.issuer) && !this.#isRevoked(admission.issuer)
  }

  #isRevoked(peer: string): boolean {
    const row = this.#revocations.get(peer)
    return row !== undefined && (row.revocation.issuer === this.fleetId || !this.#wasBolt(peer))
  }

  #wasBolt(peer: string): boolean {
    const row = this.#admissions.get(peer)?.admission
    return row !== undefined && row.role === 'bolt' && row.issuer === this.fleetId
  }
}

export interface RosterChange {
  readonly peer: string
  readonly before: boolean
  readonly after: boolean
}

function issuerOf(record: SignedRecord): string {
  return record.kind === 'admission' ? readAdmission(record).issuer : readRevocation(record).issuer
}

/** What the founder says outranks what a bolt says; then the serial counts, then the hash, so that all members keep the same. */
function supersedes(candidate: SignedRecord, current: SignedRecord, founder: string): boolean {
  const byFounder = Number(issuerOf(candidate) === founder) - Number(issuerOf(current) === founder)
  if (byFounder !== 0) return byFounder > 0
  if (candidate.kind === 'revocation') return candidate.hash < current.hash
  const serial = readAdmission(candidate).serial - readAdmission(current).serial
  return serial === 0 ? candidate.hash < current.hash : serial > 0
}
