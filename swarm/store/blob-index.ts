import { Level } from 'level'
import { codeOf, KeyedMutex, type Logger, VigoError } from '#node/kit'
import { Bitfield, ChunkError, decodeManifest, type Manifest, type Sha256Hex } from '#swarm/chunk'
import { StoreError } from './errors.ts'
import { type BlobRow, parseRow } from './rows.ts'
import type { ChunkLocation } from './types.ts'

/** Any open `level` database; the store keeps to sublevels whose names start with `blobstore-`. */
export type StoreDb = Level<string, string>

const SYNCED = { sync: true } as const
const WALK_KEYS = 256
/** Sorts behind every hash in hexadecimal. */
const AFTER_ALL = 'g'

/**
 * What the store knows, apart from the bytes. Every method that changes something is durable when it resolves, except
 * where it says otherwise. Nothing in here is trusted further than a hash reaches: a manifest is checked against its name when it
 * is read, chunk rows are hints, and a row's stamp only says that the file has not changed since it was verified.
 */
export class BlobIndex {
  readonly #db: StoreDb
  readonly #owned: boolean
  readonly #log: Logger
  readonly #rows
  readonly #held
  readonly #manifests
  readonly #chunks
  readonly #meta
  readonly #temporaries
  readonly #mutex = new KeyedMutex()

  private constructor(db: StoreDb, owned: boolean, log: Logger) {
    this.#db = db
    this.#owned = owned
    this.#log = log
    this.#rows = db.sublevel('blobstore-rows', {})
    this.#held = db.sublevel<string, Uint8Array>('blobstore-held', { valueEncoding: 'view' })
    this.#manifests = db.sublevel<string, Uint8Array>('blobstore-manifests', { valueEncoding: 'view' })
    this.#chunks = db.sublevel('blobstore-chunks', {})
    this.#temporaries = db.sublevel('blobstore-temporaries', {})
    this.#meta = db.sublevel<string, number>('blobstore-meta', { valueEncoding: 'json' })
  }

  /** @throws StoreError 'locked' when another process has the database open */
  static async open(db: StoreDb | string, log: Logger): Promise<BlobIndex> {
    if (typeof db !== 'string') return new BlobIndex(db, false, log)
    const own: StoreDb = new Level(db)
    try {
      await own.open()
    } catch (error) {
      if (!isLocked(error)) throw error
      throw new StoreError(
        'locked',
        `the blob store at ${db} is open in another process; stop that process (is the agent running?) or use another --root`,
        { cause: error, context: { db } },
      )
    }
    return new BlobIndex(own, true, log)
  }

  async close(): Promise<void> {
    if (this.#owned) await this.#db.close()
  }

  /** Starts a session: the number of unclean ends so far. It counts as unclean until `endSession`. */
  async beginSession(): Promise<number> {
    const before = (await this.#meta.get('epoch')) ?? 0
    const clean = ((await this.#meta.get('clean')) ?? 1) === 1
    const epoch = clean ? before : before + 1
    await this.#db.batch(
      [
        { type: 'put', sublevel: this.#meta, key: 'epoch', value: epoch },
        { type: 'put', sublevel: this.#meta, key: 'clean', value: 0 },
      ],
      SYNCED,
    )
    return epoch
  }

  async endSession(): Promise<void> {
    await this.#db.batch([{ type: 'put', sublevel: this.#meta, key: 'clean', value: 1 }], SYNCED)
  }

  async row(sha: Sha256Hex): Promise<BlobRow | null> {
    const text = await this.#rows.get(sha)
    return text === undefined ? null : this.#parsed(sha, text)
  }

  async *rows(): AsyncGenerator<BlobRow, void> {
    for await (const [sha, text] of this.#rows.iterator()) {
      const row = this.#parsed(sha, text)
      if (row !== null) yield row
    }
  }

  /**
   * Changes a row as one step: reads it, asks what it becomes, writes that. Null when there is no such row. `held` goes with it
   * (null drops the bitfield). `lazily` is not synced: for what may be lost in a crash, such as the time of last use.
   */
  async change(
    sha: Sha256Hex,
    next: (row: BlobRow) => BlobRow,
    options: { held?: Bitfield | null; lazily?: boolean } = {},
  ): Promise<BlobRow | null> {
    return this.#mutex.run(sha, async () => {
      const before = await this.row(sha)
      if (before === null) return null
      const after = next(before)
      if (after === before && options.held === undefined) return before
      const batch = this.#db.batch().put(sha, JSON.stringify(after), { sublevel: this.#rows })
      if (options.held === null) batch.del(sha, { sublevel: this.#held })
      else if (options.held !== undefined) batch.put(sha, options.held.encode(), { sublevel: this.#held })
      await batch.write(options.lazily === true ? {} : SYNCED)
      return after
    })
  }

  /** The row in place of any older one, its manifest and one hint for each chunk; drops the bitfield. */
  async add(row: BlobRow, manifest: Manifest): Promise<void> {
    await this.#mutex.run(row.sha, async () => {
      const batch = this.#db.batch()
      manifest.chunks.forEach((chunk, index) => {
        batch.put(chunk.sha + row.sha, `${index} ${chunk.offset} ${chunk.length}`, { sublevel: this.#chunks })
      })
      batch.put(manifest.hash, manifest.bytes, { sublevel: this.#manifests })
      batch.put(row.sha, JSON.stringify(row), { sublevel: this.#rows })
      batch.del(row.sha, { sublevel: this.#held })
      await batch.write(SYNCED)
    })
  }

  /** Forgets the row and all that hangs on it. */
  async delete(row: BlobRow, manifest: Manifest | null): Promise<void> {
    await this.#mutex.run(row.sha, () => this.#delete(row, manifest))
  }

  async #delete(row: BlobRow, manifest: Manifest | null): Promise<void> {
    const batch = this.#db.batch()
    for (const chunk of manifest?.chunks ?? []) batch.del(chunk.sha + row.sha, { sublevel: this.#chunks })
    batch.del(row.chunks, { sublevel: this.#manifests })
    batch.del(row.sha, { sublevel: this.#held })
    batch.del(row.sha, { sublevel: this.#rows })
    await batch.write(SYNCED)
  }

  async held(row: BlobRow): Promise<Bitfield> {
    const bytes = await this.#held.get(row.sha)
    if (bytes === undefined) return new Bitfield(row.chunkCount)
    try {
      return Bitfield.decode(bytes, row.chunkCount)
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error
      this.#log.warn(
        'bitfield-damaged',
        { blob: row.sha },
        'The list of held chunks is damaged; they are fetched again.',
      )
      return new Bitfield(row.chunkCount)
    }
  }

  #parsed(sha: Sha256Hex, text: string): BlobRow | null {
    const row = parseRow(sha, text)
    if (row === null) {
      this.#log.warn('row-damaged', { blob: sha }, `The index row of blob ${sha} is damaged and is ignored.`)
    }
    return row
  }

  async putHeld(sha: Sha256Hex, held: Bitfield): Promise<void> {
    await this.#db.batch([{ type: 'put', sublevel: this.#held, key: sha, value: held.encode() }], SYNCED)
  }

  /** Null when there is none, or when what is there is not what the hash says. */
  async manifest(hash: Sha256Hex): Promise<Manifest | null> {
    const bytes = await this.#manifests.get(hash)
    if (bytes === undefined) return null
    try {
      const manifest = decodeManifest(new Uint8Array(bytes))
      if (manifest.hash === hash) return manifest
    } catch (error) {
      if (!(error instanceof ChunkError)) throw error
    }
    this.#log.warn(
      'manifest-damaged',
      { manifest: hash },
      'A chunk manifest in the database does not match its hash and is ignored; the blob has to be fetched or pushed again.',
    )
    return null
  }

  /** A file outside the store's folder that is gone or renamed before `forgetTemporary`, except after a crash. */
  async noteTemporary(path: string): Promise<void> {
    await this.#db.batch([{ type: 'put', sublevel: this.#temporaries, key: path, value: '' }], SYNCED)
  }

  /** Not synced. */
  async forgetTemporary(path: string): Promise<void> {
    await this.#temporaries.del(path)
  }

  async temporaries(): Promise<string[]> {
    return this.#temporaries.keys().all()
  }

  /**
   * Those of the chunks that a blob other than `except` has a hint for. One walk through the index, in its order, that leaps over
   * what lies between two chunks.
   */
  async knownElsewhere(chunks: readonly Sha256Hex[], except: Sha256Hex): Promise<Set<Sha256Hex>> {
    const wanted = [...new Set(chunks)].sort()
    const known = new Set<Sha256Hex>()
    await using keys = this.#chunks.keys()
    let at = 0
    keys.seek(wanted[0] ?? AFTER_ALL)
    while (at < wanted.length) {
      const batch = await keys.nextv(WALK_KEYS)
      if (batch.length === 0) break
      for (const key of batch) {
        while (at < wanted.length && isBehind(wanted[at]!, key)) at++
        const chunk = wanted[at]
        if (chunk !== undefined && key.startsWith(chunk) && !key.endsWith(except)) known.add(chunk)
      }
      const next = wanted[at]
      if (next !== undefined && next > batch.at(-1)!) keys.seek(next)
    }
    return known
  }

  /** Hints where a chunk lies. */
  async *locations(chunk: Sha256Hex): AsyncGenerator<ChunkLocation, void> {
    for await (const [key, place] of this.#chunks.iterator({ gte: chunk, lt: chunk + AFTER_ALL })) {
      const [chunkIndex = -1, offset = 0, length = 0] = place.split(' ').map(Number)
      yield { blob: key.slice(chunk.length), chunkIndex, offset, length }
    }
  }
}

/** Every key of the chunk comes before this key. */
function isBehind(chunk: Sha256Hex, key: string): boolean {
  return chunk < key && !key.startsWith(chunk)
}

function isLocked(error: unknown): boolean {
  if (codeOf(error) === 'LEVEL_LOCKED') return true
  return error instanceof Error && error.cause !== undefined && !(error instanceof VigoError) && isLocked(error.cause)
}
