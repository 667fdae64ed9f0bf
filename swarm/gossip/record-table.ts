import type { Level } from 'level'
import { fromHex, type Logger, messageOf, sha256 } from '#node/kit'
import { decodeRecord, encodeRecord, RecordError, type SignedRecord } from '#swarm/record'

/** A statement held by this machine: `id` names what it is about (32 bytes hex), `hash` the statement itself. */
export interface Row {
  readonly id: string
  readonly hash: string
}

export const BUCKETS = 256
export const DIGEST_BYTES = 16

type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string }

interface Batch {
  readonly operations: Operation[]
  sync: boolean
  written: Promise<void>
}

type Section = ReturnType<typeof openSection>

function openSection(db: Level, name: string) {
  return db.sublevel<string, Uint8Array>(name, { keyEncoding: 'utf8', valueEncoding: 'view' })
}

/**
 * The rows of one record set on disk, and the digests that anti-entropy compares: for each first byte of the id, the
 * exclusive or of SHA-256(id || hash) of its rows, cut to 16 bytes.
 */
export class RecordTable {
  readonly #section: Section
  readonly #rows = new Map<string, Set<string>>()
  readonly #digests = new Uint8Array(BUCKETS * DIGEST_BYTES)
  readonly #log: Logger
  #count = 0
  #next: Batch | null = null

  private constructor(section: Section, log: Logger) {
    this.#section = section
    this.#log = log
  }

  /**
   * Opens the table and shows every stored row to `restore`, which verifies it again as if a stranger had sent it. A row that
   * does not verify is dropped and logged: the disk is not trusted more than the network.
   */
  static async open(options: {
    db: Level
    name: string
    logger: Logger
    restore: (row: Row, record: SignedRecord) => Promise<void>
  }): Promise<RecordTable> {
    const table = new RecordTable(openSection(options.db, options.name), options.logger)
    for await (const [key, bytes] of table.#section.iterator()) {
      const [id = '', hash = ''] = key.split('/')
      try {
        const record = decodeRecord(bytes)
        if (record.hash !== hash) throw new RecordError('malformed', 'stored bytes are not those of the row')
        await options.restore({ id, hash }, record)
        table.#index(id, hash)
      } catch (error) {
        table.#log.warn(
          'record-dropped',
          { table: options.name, id, hash, reason: messageOf(error) },
          'a stored record no longer verifies and was dropped; the next sync with a member restores the true one',
        )
        await table.#section.del(key)
      }
    }
    return table
  }

  get size(): number {
    return this.#count
  }

  /** 256 digests of 16 bytes; a live view. */
  get digests(): Uint8Array {
    return this.#digests
  }

  has(id: string, hash: string): boolean {
    return this.#rows.get(id)?.has(hash) ?? false
  }

  /** Rows of the buckets that `wanted` selects. */
  *rows(wanted: (bucket: number) => boolean = () => true): Iterable<Row> {
    for (const [id, hashes] of this.#rows) {
      if (!wanted(bucketOf(id))) continue
      for (const hash of hashes) yield { id, hash }
    }
  }

  async load(row: Row): Promise<Uint8Array | null> {
    return (await this.#section.get(keyOf(row.id, row.hash))) ?? null
  }

  /** In the order of the rows, as one read; null for a row that is gone. */
  async loadMany(rows: readonly Row[]): Promise<(Uint8Array | null)[]> {
    const values = await this.#section.getMany(rows.map(({ id, hash }) => keyOf(id, hash)))
    return values.map(value => value ?? null)
  }

  /** Adds one row and removes others as one step. Nothing changes in memory before it is written. */
  async replace(
    id: string,
    add: SignedRecord | null,
    remove: readonly string[],
    options: { sync?: boolean } = {},
  ): Promise<void> {
    const operations: Operation[] = remove.map(hash => ({ type: 'del', key: keyOf(id, hash) }))
    if (add !== null) operations.push({ type: 'put', key: keyOf(id, add.hash), value: encodeRecord(add) })
    await this.#write(operations, options.sync ?? false)
    for (const hash of remove) this.#unindex(id, hash)
    if (add !== null) this.#index(id, add.hash)
  }

  /** What is asked for in one turn of the event loop is written as one batch: a sync brings hundreds of records at once. */
  #write(operations: readonly Operation[], sync: boolean): Promise<void> {
    if (this.#next === null) {
      const next: Batch = { operations: [], sync: false, written: Promise.resolve() }
      this.#next = next
      next.written = new Promise<void>(resolve => setImmediate(resolve)).then(() => {
        this.#next = null
        return this.#section.batch(next.operations, { sync: next.sync } as object)
      })
    }
    this.#next.operations.push(...operations)
    this.#next.sync ||= sync
    return this.#next.written
  }

  #index(id: string, hash: string): void {
    const hashes = this.#rows.get(id) ?? new Set()
    if (hashes.has(hash)) return
    hashes.add(hash)
    this.#rows.set(id, hashes)
    this.#count++
    this.#toggle(id, hash)
  }

  #unindex(id: string, hash: string): void {
    const hashes = this.#rows.get(id)
    if (!hashes?.delete(hash)) return
    if (hashes.size === 0) this.#rows.delete(id)
    this.#count--
    this.#toggle(id, hash)
  }

  #toggle(id: string, hash: string): void {
    const digest = sha256(fromHex(id), fromHex(hash))
    const at = bucketOf(id) * DIGEST_BYTES
    for (let i = 0; i < DIGEST_BYTES; i++) {
      this.#digests[at + i] = (this.#digests[at + i] ?? 0) ^ (digest[i] ?? 0)
    }
  }
}

function keyOf(id: string, hash: string): string {
  return `${id}/${hash}`
}

export function bucketOf(id: string): number {
  return Number.parseInt(id.slice(0, 2), 16)
}
