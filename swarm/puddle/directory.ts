import type { Level } from 'level'
import { fromHex, KeyedMutex, type Logger } from '#node/kit'
import { type Outcome, type RecordSet, RecordTable } from '#swarm/gossip'
import { RecordError, requireSignature, type SignedRecord } from '#swarm/record'
import { type Bridge, bridgeId, MAX_CHAIN, readBridge } from './bridge.ts'
import { type NameClaim, nameClaimId, readNameClaim } from './name-claim.ts'

/** What a name stands for. */
export type NameAnswer =
  | { readonly type: 'one'; readonly puddle: string }
  | { readonly type: 'ambiguous'; readonly puddles: readonly string[] }
  | { readonly type: 'none' }

/** The fleet's puddles as every member knows them: names and rekey bridges (topic `names`). */
export class PuddleDirectory implements RecordSet {
  readonly topic = 'names'
  readonly #fleetId: string
  readonly #claims = new Map<string, { claim: NameClaim; record: SignedRecord }>()
  readonly #bridges = new Map<string, { bridge: Bridge; record: SignedRecord }>()
  readonly #mutex = new KeyedMutex()
  #table: RecordTable | undefined

  private constructor(fleetId: string) {
    this.#fleetId = fleetId
  }

  static async open(options: { db: Level; fleetId: string; logger: Logger }): Promise<PuddleDirectory> {
    const directory = new PuddleDirectory(options.fleetId)
    directory.#table = await RecordTable.open({
      db: options.db,
      name: 'names',
      logger: options.logger,
      restore: async (row, record) => {
        const { id, signer } = aboutOf(record)
        if (id !== row.id) throw new RecordError('malformed', 'row is stored under another id')
        await requireSignature(record, options.fleetId, fromHex(signer))
        directory.#accept(record)
      },
    })
    return directory
  }

  get table(): RecordTable {
    if (this.#table === undefined) throw new Error('directory is not open')
    return this.#table
  }

  async offer(record: SignedRecord, options: { sync?: boolean } = {}): Promise<Outcome> {
    const { id, signer } = aboutOf(record)
    if (this.table.has(id, record.hash)) return 'known'
    await requireSignature(record, this.#fleetId, fromHex(signer))
    return this.#mutex.run(id, async () => {
      const current = (record.kind === 'name-claim' ? this.#claims : this.#bridges).get(signer)?.record
      if (current !== undefined && !supersedes(record, current)) return 'outdated'
      await this.table.replace(id, record, current === undefined ? [] : [current.hash], options)
      this.#accept(record)
      return 'new'
    })
  }

  /** Keys linked by rekey bridges are one puddle; it answers to its newest key. */
  resolve(name: string): NameAnswer {
    const puddles = new Set<string>()
    for (const { claim } of this.#claims.values()) if (claim.name === name) puddles.add(this.newestKey(claim.puddle))
    const [first, ...others] = [...puddles].sort()
    if (first === undefined) return { type: 'none' }
    if (others.length > 0) return { type: 'ambiguous', puddles: [first, ...others] }
    return { type: 'one', puddle: first }
  }

  /** The puddle's name if it alone has it; the newest claim along its chain counts. */
  nameOf(puddle: string): string | null {
    const newest = this.newestKey(puddle)
    for (const key of [newest, ...this.olderKeys(newest)]) {
      const name = this.#claims.get(key)?.claim.name
      if (name !== undefined) return this.resolve(name).type === 'one' ? name : null
    }
    return null
  }

  claimOf(puddle: string): NameClaim | null {
    return this.#claims.get(puddle)?.claim ?? null
  }

  /** The key that this one was replaced by, as this machine first learned it. */
  successorOf(puddle: string): string | null {
    return this.#bridges.get(puddle)?.bridge.new ?? null
  }

  newestKey(puddle: string): string {
    let key = puddle
    for (let step = 0; step < MAX_CHAIN; step++) {
      const next = this.#bridges.get(key)?.bridge.new
      if (next === undefined || next === puddle) return key
      key = next
    }
    return key
  }

  /** Earlier keys of the same puddle, newest first. */
  olderKeys(puddle: string): string[] {
    const keys: string[] = []
    let frontier = [puddle]
    for (let step = 0; step < MAX_CHAIN && frontier.length > 0; step++) {
      const older = [...this.#bridges.values()]
        .filter(({ bridge }) => frontier.includes(bridge.new) && bridge.old !== puddle && !keys.includes(bridge.old))
        .map(({ bridge }) => bridge.old)
        .sort()
      keys.push(...older)
      frontier = older
    }
    return keys
  }

  /** The bridges that lead from one key to another, or null when they do not. */
  chain(from: string, to: string): SignedRecord[] | null {
    const records: SignedRecord[] = []
    let key = from
    while (key !== to) {
      const row = this.#bridges.get(key)
      if (row === undefined || records.length >= MAX_CHAIN) return null
      records.push(row.record)
      key = row.bridge.new
    }
    return records
  }

  puddles(): { puddle: string; name: string; ambiguous: boolean }[] {
    return [...this.#claims.values()].map(({ claim }) => ({
      puddle: claim.puddle,
      name: claim.name,
      ambiguous: this.resolve(claim.name).type === 'ambiguous',
    }))
  }

  #accept(record: SignedRecord): void {
    if (record.kind === 'name-claim') {
      const claim = readNameClaim(record)
      this.#claims.set(claim.puddle, { claim, record })
    } else {
      const bridge = readBridge(record)
      this.#bridges.set(bridge.old, { bridge, record })
    }
  }
}

function aboutOf(record: SignedRecord): { id: string; signer: string } {
  if (record.kind === 'name-claim') {
    const { puddle } = readNameClaim(record)
    return { id: nameClaimId(puddle), signer: puddle }
  }
  if (record.kind === 'rekey-bridge') {
    const { old } = readBridge(record)
    return { id: bridgeId(old), signer: old }
  }
  throw new RecordError('malformed', `a ${record.kind} record does not belong among the names`)
}

/**
 * Of two bridges from one key each member keeps the one that it learned first: who steals a key that was replaced before cannot
 * lead its puddle elsewhere any more. Claims of names: the highest serial, then the smallest hash.
 */
function supersedes(candidate: SignedRecord, current: SignedRecord): boolean {
  if (candidate.kind === 'rekey-bridge') return false
  const a = readNameClaim(candidate)
  const b = readNameClaim(current)
  return a.serial === b.serial ? candidate.hash < current.hash : a.serial > b.serial
}
