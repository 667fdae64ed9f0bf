import type { Level } from 'level'
import { type Clock, fromHex, KeyedMutex, type Logger } from '#node/kit'
import { type Outcome, type RecordSet, RecordTable } from '#swarm/gossip'
import { readBridge, requireChain } from '#swarm/puddle'
import { decodeRecord, RecordError, requireSignature, type SignedRecord } from '#swarm/record'
import { artifactId, type Entry, readEntry } from './entry.ts'
import { type ArtifactView, type Head, headsOf, isAncestor, joinHeads } from './join.ts'

/** Entries from further ahead than this are held aside until their time comes. */
const FUTURE_TOLERANCE_MS = 10 * 60_000
const MAX_HELD = 256
const MAX_ARTIFACTS = 65_536

export interface Artifact {
  readonly id: string
  readonly heads: readonly Head[]
  readonly view: ArtifactView
}

/**
 * The catalog as this machine knows it. The heads of each artifact are its floor: what they have superseded is never accepted
 * again, also after a restart and after a tombstone, because they are what is on disk.
 */
export class Catalog implements RecordSet {
  readonly topic = 'catalog'
  readonly #fleetId: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #successorOf: (puddle: string) => string | null
  readonly #artifacts = new Map<string, Artifact>()
  readonly #held = new Map<string, SignedRecord>()
  readonly #listeners = new Set<(artifact: Artifact) => void>()
  readonly #mutex = new KeyedMutex()
  #table: RecordTable | undefined

  private constructor(options: CatalogOptions) {
    this.#fleetId = options.fleetId
    this.#clock = options.clock
    this.#logger = options.logger
    this.#successorOf = options.successorOf
  }

  static async open(options: CatalogOptions): Promise<Catalog> {
    const catalog = new Catalog(options)
    const stored = new Map<string, Head[]>()
    catalog.#table = await RecordTable.open({
      db: options.db,
      name: 'catalog',
      logger: options.logger,
      restore: async (row, record) => {
        const entry = await catalog.#verify(record)
        if (artifactId(entry.founder, entry.name) !== row.id) {
          throw new RecordError('malformed', 'row is stored under another id')
        }
        stored.set(row.id, [...(stored.get(row.id) ?? []), { hash: record.hash, entry }])
      },
    })
    for (const [id, heads] of stored) catalog.#set(id, headsOf(heads))
    return catalog
  }

  get table(): RecordTable {
    if (this.#table === undefined) throw new Error('catalog is not open')
    return this.#table
  }

  get(id: string): Artifact | undefined {
    return this.#artifacts.get(id)
  }

  artifacts(): IterableIterator<Artifact> {
    return this.#artifacts.values()
  }

  /** The signed record of one head. */
  async record(id: string, hash: string): Promise<SignedRecord | null> {
    const bytes = await this.table.load({ id, hash })
    return bytes === null ? null : decodeRecord(bytes)
  }

  /** Told after the heads of an artifact changed. */
  onChange(listener: (artifact: Artifact) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Entries held aside because they come from the future. */
  get heldCount(): number {
    return this.#held.size
  }

  async offer(record: SignedRecord, options: { sync?: boolean } = {}): Promise<Outcome> {
    const entry = readEntry(record)
    const id = artifactId(entry.founder, entry.name)
    if (this.table.has(id, record.hash)) return 'known'
    if (this.#isOutdated(id, entry) || this.#isLedAstray(entry)) return 'outdated'
    await this.#verifyRights(record, entry)
    if (entry.issuedAt > this.#clock.now() + FUTURE_TOLERANCE_MS) return this.#hold(record)
    return this.#mutex.run(id, () => this.#merge(id, { hash: record.hash, entry }, record, options))
  }

  /** Offers again what was held aside; call it now and then. */
  async releaseHeld(): Promise<void> {
    for (const [hash, record] of this.#held) {
      const entry = readEntry(record)
      if (entry.issuedAt > this.#clock.now() + FUTURE_TOLERANCE_MS) continue
      this.#held.delete(hash)
      await this.offer(record)
    }
  }

  async #merge(id: string, head: Head, record: SignedRecord, options: { sync?: boolean }): Promise<Outcome> {
    const before = this.#artifacts.get(id)?.heads ?? []
    if (this.#isOutdated(id, head.entry)) return 'outdated'
    this.#requireFrozenKind(before, head.entry)
    if (before.length === 0 && this.#artifacts.size >= MAX_ARTIFACTS) {
      throw new RecordError(
        'too-large',
        `the catalog is full (${MAX_ARTIFACTS} artifacts); ask publishers to remove old ones`,
      )
    }
    const after = headsOf([...before, head])
    if (!after.some(kept => kept.hash === head.hash)) return 'outdated'
    const dropped = before.filter(old => !after.some(kept => kept.hash === old.hash)).map(old => old.hash)
    await this.table.replace(id, record, dropped, options)
    const artifact = this.#set(id, after)
    for (const listener of this.#listeners) listener(artifact)
    return 'new'
  }

  #set(id: string, heads: readonly Head[]): Artifact {
    const artifact = { id, heads, view: joinHeads(heads) }
    this.#artifacts.set(id, artifact)
    return artifact
  }

  /** The chain leaves the way that this machine knows the puddle to have gone: somebody uses a key that was replaced. */
  #isLedAstray(entry: Entry): boolean {
    return entry.delegations.some(record => {
      const bridge = readBridge(record)
      const successor = this.#successorOf(bridge.old)
      return successor !== null && successor !== bridge.new
    })
  }

  #isOutdated(id: string, entry: Entry): boolean {
    return this.#artifacts.get(id)?.heads.some(head => isAncestor(entry, head.entry)) ?? false
  }

  #requireFrozenKind(heads: readonly Head[], entry: Entry): void {
    const ancestor = heads.find(head => isAncestor(head.entry, entry) && head.entry.kind !== entry.kind)
    if (ancestor !== undefined) {
      throw new RecordError(
        'not-entitled',
        `'${entry.name}' was published as ${ancestor.entry.kind}; its kind cannot become ${entry.kind}`,
      )
    }
  }

  async #verify(record: SignedRecord): Promise<Entry> {
    const entry = readEntry(record)
    await this.#verifyRights(record, entry)
    return entry
  }

  async #verifyRights(record: SignedRecord, entry: Entry): Promise<void> {
    await requireChain(entry.founder, entry.signer, entry.delegations, this.#fleetId)
    await requireSignature(record, this.#fleetId, fromHex(entry.signer))
  }

  #hold(record: SignedRecord): Outcome {
    if (!this.#held.has(record.hash)) {
      this.#logger.warn(
        'record-from-future',
        { hash: record.hash, name: record.body['name'], issuedAt: record.body['issued_at'] },
        'a catalog entry is dated more than ten minutes ahead and is held aside until then; check the clocks of both machines',
      )
      if (this.#held.size >= MAX_HELD) {
        const oldest = this.#held.keys().next().value
        if (oldest !== undefined) this.#held.delete(oldest)
      }
      this.#held.set(record.hash, record)
    }
    return 'held'
  }
}

export interface CatalogOptions {
  db: Level
  fleetId: string
  clock: Clock
  logger: Logger
  /** Which key a puddle's key was replaced by, if any. */
  successorOf: (puddle: string) => string | null
}
