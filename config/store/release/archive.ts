import { closeSync, existsSync, fchmodSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { sha256Hex } from '#node/kit'
import { archiveFault, newerArchive } from './archive-fault.ts'
import { explained, ReleaseError } from './errors.ts'
import type { ReleasePlaces } from './places.ts'
import { listedFiles, type ReleaseHash, releaseList, shortHash } from './release-hash.ts'
import type { FileEntry, Tree, TreeFile } from './tree.ts'
import { inTurns, type WriteOptions } from './write-tree.ts'

const FORMAT = 1

/** How long somebody else who reads or writes it is waited for; both take moments. */
const WAIT_MS = 5_000

/** Looking for so many contents in a list takes less than reading the list. */
const FEW = 16

/** Files between two moments at which others may run and the signal is looked at. */
const BREATH = 64

/**
 * The trees of all releases that can be gone back to, in one file, each content once. Only the live release is a folder beside it. Who
 * reads takes no lock of the publisher's; who writes has it.
 */
export class Archive implements Disposable {
  readonly #path: string
  #database: DatabaseSync | undefined

  constructor(places: ReleasePlaces) {
    this.#path = places.archive
  }

  /** @throws ReleaseError 'damaged', 'no-permission', 'busy' */
  async has(hash: ReleaseHash): Promise<boolean> {
    const database = await this.#open()
    if (database === null) return false
    const row = this.#explained(() => database.prepare('SELECT 1 FROM release WHERE hash = ?').get(hash))
    return row !== undefined
  }

  /** Null when it is not kept. @throws ReleaseError 'damaged' when it is not what was published; as `has` */
  async tree(hash: ReleaseHash, { signal }: WriteOptions = {}): Promise<Tree | null> {
    const list = await this.#listOf(hash)
    if (list === null) return null
    if (sha256Hex(list) !== hash) throw this.#notAsPublished(hash, 'its list differs')
    const files: TreeFile[] = []
    for (const { path, sha256 } of listedFiles(list)) {
      if (files.length % BREATH === 0) await setImmediate()
      signal?.throwIfAborted()
      const bytes = await this.#content(sha256)
      if (bytes !== undefined && sha256Hex(bytes) === sha256) files.push({ path, sha256, bytes })
      // A publisher may have dropped it meanwhile.
      else if (await this.has(hash)) throw this.#notAsPublished(hash, `'${path}' differs`)
      else return null
    }
    return { files, problems: [], problemsLeftOut: 0, isWhole: true, entries: files.length, leftovers: [] }
  }

  /**
   * Keeps a release; durable when it returns. Bytes are asked only of files that differ from those of the newest release that is kept. One
   * that is kept, and is not what was published any more, is written again as a whole.
   *
   * @throws ReleaseError 'disk-full'; as `has`
   */
  async put(hash: ReleaseHash, files: readonly TreeFile[], options: WriteOptions = {}): Promise<void> {
    const isKept = await this.has(hash)
    if (isKept && (await this.#isIntact(hash, options))) return
    const known = new Set(isKept ? [] : (await this.#newest()).map(({ sha256 }) => sha256))
    await this.#transaction(async database => {
      database.prepare('DELETE FROM release WHERE hash = ?').run(hash)
      const insert = database.prepare('INSERT OR REPLACE INTO content VALUES (?, ?)')
      const fresh = files.filter(({ sha256 }) => !known.has(sha256))
      await inTurns(fresh, ({ sha256, bytes }) => void insert.run(sha256, bytes), options)
      database.prepare('INSERT INTO release VALUES (?, ?)').run(hash, releaseList(files))
    })
  }

  /** Forgets all other releases, and what only they had. @throws as `has` */
  async keepOnly(kept: ReadonlySet<ReleaseHash>): Promise<void> {
    const database = await this.#open()
    if (database === null) return
    const hashes = this.#explained(() => {
      const rows = database.prepare('SELECT hash FROM release ORDER BY rowid DESC').all()
      return rows.map(row => String(row['hash']))
    })
    const dropped = hashes.filter(hash => !kept.has(hash))
    if (dropped.length === 0) return
    await this.#transaction(() => {
      const lists = database.prepare('SELECT list FROM release WHERE hash = ?')
      const listOf = (hash: ReleaseHash): string => String(lists.get(hash)?.['list'])
      const contents = new Set(dropped.flatMap(hash => listedFiles(listOf(hash)).map(({ sha256 }) => sha256)))
      for (const hash of hashes) if (kept.has(hash)) removeListed(contents, listOf(hash))
      const removeRelease = database.prepare('DELETE FROM release WHERE hash = ?')
      const removeContent = database.prepare('DELETE FROM content WHERE sha256 = ?')
      for (const hash of dropped) removeRelease.run(hash)
      for (const sha256 of contents) removeContent.run(sha256)
    })
  }

  /** May be called twice. */
  [Symbol.dispose](): void {
    this.#database?.close()
    this.#database = undefined
  }

  async #isIntact(hash: ReleaseHash, options: WriteOptions): Promise<boolean> {
    try {
      return (await this.tree(hash, options)) !== null
    } catch (error) {
      if (error instanceof ReleaseError && error.context['release'] === hash) return false
      throw error
    }
  }

  async #listOf(hash: ReleaseHash): Promise<string | null> {
    const database = await this.#open()
    if (database === null) return null
    const row = this.#explained(() => database.prepare('SELECT list FROM release WHERE hash = ?').get(hash))
    return row === undefined ? null : String(row['list'])
  }

  async #newest(): Promise<readonly FileEntry[]> {
    const database = await this.#open()
    if (database === null) return []
    const row = this.#explained(() =>
      database.prepare('SELECT hash, list FROM release ORDER BY rowid DESC LIMIT 1').get(),
    )
    const list = String(row?.['list'])
    return sha256Hex(list) === row?.['hash'] ? listedFiles(list) : []
  }

  async #content(sha256: string): Promise<Uint8Array | undefined> {
    const database = await this.#open()
    if (database === null) return undefined
    const row = this.#explained(() => database.prepare('SELECT bytes FROM content WHERE sha256 = ?').get(sha256))
    const bytes = row?.['bytes']
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  /** All of it or nothing, and durable. */
  async #transaction(work: (database: DatabaseSync) => Promise<void> | void): Promise<void> {
    const database = await this.#connect()
    try {
      database.exec('BEGIN IMMEDIATE')
      if (formatOf(database) === 0) database.exec(SCHEMA)
      await work(database)
      database.exec('COMMIT')
    } catch (error) {
      // Some errors have ended it already.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw archiveFault(error, this.#path)
    }
  }

  /** Null when nothing was ever kept. */
  async #open(): Promise<DatabaseSync | null> {
    if (this.#database === undefined && !existsSync(this.#path)) return null
    const database = await this.#connect()
    return this.#explained(() => (formatOf(database) === 0 ? null : database))
  }

  async #connect(): Promise<DatabaseSync> {
    if (this.#database !== undefined) return this.#database
    const { DatabaseSync } = await import('node:sqlite')
    if (!existsSync(this.#path)) await explained(`create ${this.#path}`, async () => createFile(this.#path))
    return this.#explained(() => {
      const database = new DatabaseSync(this.#path, { timeout: WAIT_MS })
      try {
        if (formatOf(database) > FORMAT) throw newerArchive(this.#path)
        // Else a large transaction would lock out this process's own readers, who could then only wait for what they keep from going on.
        database.exec('PRAGMA cache_spill = OFF; PRAGMA trusted_schema = OFF')
      } catch (error) {
        database.close()
        throw error
      }
      this.#database = database
      return database
    })
  }

  #explained<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw archiveFault(error, this.#path)
    }
  }

  #notAsPublished(hash: ReleaseHash, what: string): ReleaseError {
    return new ReleaseError(
      'damaged',
      `release ${shortHash(hash)} is not what was published: ${what}, in ${this.#path}; publish its sources again`,
      { context: { release: hash } },
    )
  }
}

/** Of most releases, the one after them has all contents but a few: those are looked for in the text. */
function removeListed(contents: Set<string>, list: string): void {
  const gone =
    contents.size <= FEW
      ? [...contents].filter(sha256 => list.includes(sha256))
      : listedFiles(list).map(({ sha256 }) => sha256)
  for (const sha256 of gone) contents.delete(sha256)
}

const SCHEMA = `
  CREATE TABLE release (hash TEXT PRIMARY KEY, list TEXT NOT NULL) STRICT;
  CREATE TABLE content (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  PRAGMA user_version = ${FORMAT};
`

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Whoever may write in the folder may write it. */
function createFile(path: string): void {
  const mode = 0o640 | (statSync(dirname(path)).mode & 0o020)
  const file = openSync(path, 'wx', mode)
  try {
    fchmodSync(file, mode)
  } finally {
    closeSync(file)
  }
}
