import { join, resolve } from 'node:path'
import {
  type Clock,
  isAbort,
  KeyedMutex,
  type Logger,
  messageOf,
  silentLogger,
  systemClock,
  TaskGroup,
} from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { BlobIndex, type StoreDb } from './blob-index.ts'
import { createBufferPool } from './buffers.ts'
import { type DiskSize, DiskSpace } from './disk-space.ts'
import { closedStore, notFound, StoreError } from './errors.ts'
import { PartialHandle, ReaderHandle } from './handles.ts'
import { Intake } from './intake.ts'
import { Inventory } from './inventory.ts'
import { placeFile } from './materialise.ts'
import type { OpenBlob } from './open-blob.ts'
import { OpenBlobs } from './open-blobs.ts'
import type { Parts, StoreChange } from './parts.ts'
import { Places } from './places.ts'
import { adoptOrphan, reconcile } from './reconcile.ts'
import { Removal } from './removal.ts'
import { withoutPin, withPin } from './rows.ts'
import { sameContent, sameStamp, stampOfPath } from './stamp.ts'
import type {
  BlobDescriptor,
  BlobReader,
  BlobStat,
  BlobStore,
  BufferPool,
  ChunkLocation,
  CollectOptions,
  IngestOptions,
  PartialBlob,
} from './types.ts'
import { UseTimes } from './use-times.ts'
import { WorkerPool } from './workers.ts'

export interface FsStoreOptions {
  /** Holds `blobs/` and `partial/`; created when missing. */
  folder: string
  /** An open database, which stays the caller's, or the folder of one. Default: `<folder>/db`. */
  db?: StoreDb | string
  log?: Logger
  clock?: Clock
  /** Shared with others when given. Default: a pool of `bufferBytes`. */
  buffers?: BufferPool
  /** Default: 48 MiB. */
  bufferBytes?: number
  /** Threads for hashing and writing. Default: 2, or 1 on a machine with one core. */
  workers?: number
  /** Default: statfs. */
  diskSize?: (folder: string) => Promise<DiskSize>
}

export interface FsStore extends BlobStore {
  /** Resolves when files that were found without an index row have been hashed and adopted, or removed. */
  reconciled(): Promise<void>
}

const openFolders = new Set<string>()

/** @throws StoreError 'locked' when the store is open already, here or in another process */
export async function openFsStore(options: FsStoreOptions): Promise<FsStore> {
  const folder = resolve(options.folder)
  if (openFolders.has(folder)) {
    throw new StoreError('locked', `the blob store at ${folder} is open in this process already; close it first`)
  }
  openFolders.add(folder)
  const log = options.log ?? silentLogger
  let index: BlobIndex | null = null
  try {
    const places = new Places(folder)
    await places.create()
    index = await BlobIndex.open(options.db ?? join(folder, 'db'), log)
    const store = new FileBlobStore(folder, options, index, places, await index.beginSession())
    await store.start()
    return store
  } catch (error) {
    openFolders.delete(folder)
    await index?.close()
    throw error
  }
}

class FileBlobStore implements FsStore {
  readonly buffers: BufferPool
  readonly #folder: string
  readonly #parts: Parts
  readonly #open: OpenBlobs
  readonly #uses: UseTimes
  readonly #intake: Intake
  readonly #inventory: Inventory
  readonly #removal: Removal
  readonly #listeners = new Set<(event: StoreChange) => void>()
  readonly #background: TaskGroup
  readonly #closing = new AbortController()
  readonly #calls = new Set<Promise<unknown>>()
  #closed: Promise<void> | null = null

  constructor(folder: string, options: FsStoreOptions, index: BlobIndex, places: Places, epoch: number) {
    this.#folder = folder
    this.buffers =
      options.buffers ??
      createBufferPool(options.bufferBytes === undefined ? {} : { capacityBytes: options.bufferBytes })
    const log = options.log ?? silentLogger
    this.#parts = {
      index,
      places,
      workers: new WorkerPool(options.workers === undefined ? {} : { size: options.workers }),
      buffers: this.buffers,
      space: new DiskSpace(folder, options.diskSize),
      log,
      clock: options.clock ?? systemClock,
      epoch,
      locks: new KeyedMutex(),
      changed: change => {
        for (const listener of this.#listeners) listener(change)
      },
    }
    this.#background = new TaskGroup(error => {
      if (!isAbort(error)) log.warn('store-background-failed', { error: messageOf(error) })
    })
    this.#open = new OpenBlobs(this.#parts)
    this.#uses = new UseTimes(index, this.#parts.clock, flush => this.#background.run(flush))
    this.#intake = new Intake(this.#parts, this.#open, this.#uses)
    this.#inventory = new Inventory(this.#parts, this.#open, this.#uses)
    this.#removal = new Removal(this.#parts, this.#open, this.#uses, this.#inventory)
  }

  async start(): Promise<void> {
    const orphans = await reconcile(this.#parts)
    if (orphans.length === 0) return
    this.#background.run(async () => {
      for (const sha of orphans) {
        this.#closing.signal.throwIfAborted()
        await this.#locked(sha, async () => {
          await adoptOrphan(this.#parts, sha, this.#closing.signal)
          const row = await this.#parts.index.row(sha)
          if (row?.state === 'complete') await this.#open.get(sha)?.replacedBy(row, this.#parts.places.blob(sha))
        })
      }
    })
  }

  reconciled(): Promise<void> {
    return this.#background.settled()
  }

  stat(sha: Sha256Hex): Promise<BlobStat | null> {
    return this.#call(() => this.#inventory.stat(sha))
  }

  async *list(): AsyncIterable<BlobStat> {
    this.#assertOpen()
    yield* this.#inventory.list()
  }

  manifest(hash: Sha256Hex): Promise<Manifest | null> {
    return this.#call(() => this.#parts.index.manifest(hash))
  }

  ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<BlobDescriptor> {
    return this.#call(() => {
      const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal
      return this.#intake.ingest(source, { ...options, signal })
    })
  }

  begin(manifest: Manifest): Promise<PartialBlob> {
    return this.#call(async () => {
      const blob = await this.#intake.begin(manifest)
      return new PartialHandle(blob, this.#open, blob => this.#complete(blob), manifest)
    })
  }

  reader(sha: Sha256Hex): Promise<BlobReader> {
    return this.#call(() =>
      this.#locked(sha, async () => {
        const blob = await this.#open.take(sha)
        this.#uses.touch(sha)
        return new ReaderHandle(blob, this.#open)
      }),
    )
  }

  locate(chunk: Sha256Hex): Promise<ChunkLocation | null> {
    return this.#call(async () => {
      for await (const location of this.#open.locations(chunk)) return location
      return null
    })
  }

  materialise(
    sha: Sha256Hex,
    path: string,
    options: { share: boolean; mode?: number; signal?: AbortSignal },
  ): Promise<void> {
    return this.#call(() =>
      this.#locked(sha, async () => {
        const { index, places, epoch } = this.#parts
        const blob = await this.#open.take(sha)
        try {
          if (!blob.isComplete) {
            throw new StoreError('not-found', `blob ${sha} is only partly here; pull it first`, {
              context: { blob: sha },
            })
          }
          await blob.verifyAll(options.signal)
          const before = await stampOfPath(places.blob(sha), epoch)
          options.signal?.throwIfAborted()
          const how = await placeFile(index, places.blob(sha), path, options)
          const after = await stampOfPath(places.blob(sha), epoch)
          if (how === 'linked' && sameStamp(blob.row.stamp, before) && sameContent(before, after)) {
            await blob.restamp(after)
          }
          this.#uses.touch(sha)
        } finally {
          await this.#open.giveBack(blob)
        }
      }),
    )
  }

  pin(sha: Sha256Hex, owner: string): Promise<void> {
    return this.#call(async () => {
      const usedAt = this.#parts.clock.now()
      await this.#locked(sha, async () => {
        const row = await this.#parts.index.change(sha, now =>
          now.state === 'removing' || now.pins.includes(owner) ? now : { ...withPin(now, owner), usedAt },
        )
        if (row === null || row.state === 'removing') throw notFound(sha)
        this.#uses.touch(sha)
      })
    })
  }

  unpin(sha: Sha256Hex, owner: string): Promise<void> {
    return this.#call(async () => {
      await this.#locked(sha, () => this.#parts.index.change(sha, row => withoutPin(row, owner)))
    })
  }

  collect(options: CollectOptions): Promise<{ removed: BlobStat[]; freedBytes: number }> {
    return this.#call(() => this.#removal.collect(options))
  }

  remove(sha: Sha256Hex): Promise<boolean> {
    return this.#call(() => this.#removal.remove(sha))
  }

  usage(): ReturnType<BlobStore['usage']> {
    return this.#call(() => this.#inventory.usage())
  }

  onChange(listener: (event: StoreChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #complete(blob: OpenBlob): Promise<void> {
    return this.#call(() => this.#locked(blob.row.sha, () => blob.complete()))
  }

  async #close(): Promise<void> {
    this.#closing.abort(closedStore())
    await this.#background.settled()
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls)
    await this.#open.closeAll()
    await this.#uses.flush()
    await this.#parts.workers.close()
    await this.#parts.index.endSession()
    await this.#parts.index.close()
    openFolders.delete(this.#folder)
  }

  #locked<T>(sha: Sha256Hex, work: () => Promise<T>): Promise<T> {
    return this.#parts.locks.run(sha, work)
  }

  #assertOpen(): void {
    if (this.#closed !== null) throw closedStore()
  }

  /** Closing waits for the call. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    const call = work()
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }
}
