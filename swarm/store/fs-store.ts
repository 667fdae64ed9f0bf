import { rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  type Clock,
  isAbort,
  KeyedMutex,
  type Logger,
  messageOf,
  silentLogger,
  syncFolder,
  systemClock,
  TaskGroup,
} from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { BlobIndex, type StoreDb } from './blob-index.ts'
import { statOfRow } from './blob-stat.ts'
import { createBufferPool } from './buffers.ts'
import { chooseRemovals } from './collect.ts'
import { type DiskSize, DiskSpace } from './disk-space.ts'
import { closedStore, notFound, StoreError } from './errors.ts'
import { PartialHandle, ReaderHandle } from './handles.ts'
import { type Ingested, ingestToFile } from './ingest.ts'
import { placeFile } from './materialise.ts'
import type { OpenBlob } from './open-blob.ts'
import { OpenBlobs } from './open-blobs.ts'
import type { Parts, StoreChange } from './parts.ts'
import { Places } from './places.ts'
import { adoptOrphan, reconcile, removeFiles } from './reconcile.ts'
import { type BlobRow, withoutPin, withPin } from './rows.ts'
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
    return this.#call(async () => {
      const row = await this.#parts.index.row(sha)
      return row === null || row.state === 'removing' ? null : this.#statOf(row)
    })
  }

  async *list(): AsyncIterable<BlobStat> {
    this.#assertOpen()
    for await (const row of this.#parts.index.rows()) if (row.state !== 'removing') yield await this.#statOf(row)
  }

  manifest(hash: Sha256Hex): Promise<Manifest | null> {
    return this.#call(() => this.#parts.index.manifest(hash))
  }

  ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<BlobDescriptor> {
    return this.#call(async () => {
      const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal
      const ingested = await ingestToFile(this.#parts, source, { ...options, signal })
      const { blob, sizeBytes, hash } = ingested.manifest
      await this.#locked(blob, () => this.#keep(ingested, options.pin))
      return { sha: blob, sizeBytes, chunks: hash }
    })
  }

  begin(manifest: Manifest): Promise<PartialBlob> {
    return this.#call(() =>
      this.#locked(manifest.blob, async () => {
        let row = await this.#row(manifest.blob)
        if (row?.state === 'partial' && row.chunks !== manifest.hash) row = await this.#dropOther(row, manifest)
        if (row === null) await this.#parts.index.add(this.#newRow(manifest), manifest)
        const blob = await this.#open.take(manifest.blob, manifest)
        if (!blob.isComplete) await this.#reserve(blob, row === null)
        return new PartialHandle(blob, this.#open, blob => this.#complete(blob), manifest)
      }),
    )
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
    return this.#call(async () => {
      const blobs: BlobStat[] = []
      for await (const stat of this.list()) blobs.push(stat)
      const chosen = chooseRemovals(blobs, options, blob => this.#open.has(blob.sha))
      const removed: BlobStat[] = []
      for (const stat of chosen) if (options.dryRun === true || (await this.#remove(stat.sha))) removed.push(stat)
      return { removed, freedBytes: removed.reduce((sum, stat) => sum + stat.bytesHeld, 0) }
    })
  }

  remove(sha: Sha256Hex): Promise<boolean> {
    return this.#call(() => this.#remove(sha))
  }

  usage(): ReturnType<BlobStore['usage']> {
    return this.#call(async () => {
      const sum = { blobs: 0, bytes: 0, partialBytes: 0 }
      for await (const stat of this.list()) {
        if (stat.state === 'partial') sum.partialBytes += stat.bytesHeld
        else {
          sum.blobs++
          sum.bytes += stat.sizeBytes
        }
      }
      const { freeBytes, sizeBytes } = await this.#parts.space.size()
      return { ...sum, diskFreeBytes: freeBytes, diskSizeBytes: sizeBytes }
    })
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

  /** Moves what was ingested to its place, unless the blob is there already. */
  async #keep({ manifest, path }: Ingested, pin: string | undefined): Promise<void> {
    const { index, places, epoch, changed } = this.#parts
    const sha = manifest.blob
    const target = places.blob(sha)
    try {
      const before = await this.#row(sha)
      const open = this.#open.get(sha)
      if (before?.state === 'complete' && (open?.isComplete || (await this.#isUntouched(before)))) {
        if (pin !== undefined) await index.change(sha, row => withPin(row, pin))
        this.#uses.touch(sha)
        return
      }
      await places.createBlobFolder(sha)
      await rename(path, target)
      await syncFolder(dirname(target))
      const fresh = { ...this.#newRow(manifest), pins: before?.pins ?? [] }
      const row: BlobRow = { ...fresh, state: 'complete', stamp: await stampOfPath(target, epoch) }
      await index.add(pin === undefined ? row : withPin(row, pin), manifest)
      await open?.replacedBy(row, target)
      await rm(places.partialOf(sha), { force: true })
      changed({ type: 'complete', sha })
    } finally {
      await rm(path, { force: true })
      await syncFolder(places.partial)
    }
  }

  async #isUntouched(row: BlobRow): Promise<boolean> {
    const stamp = await stampOfPath(this.#parts.places.blob(row.sha), this.#parts.epoch).catch(() => null)
    return stamp !== null && sameStamp(row.stamp, stamp)
  }

  async #dropOther(row: BlobRow, manifest: Manifest): Promise<BlobRow> {
    if (this.#open.has(row.sha)) {
      throw new StoreError(
        'mismatch',
        `blob ${row.sha} is being fetched with chunk manifest ${row.chunks}, not ${manifest.hash}; try again when that has ended`,
      )
    }
    const { index, places } = this.#parts
    await rm(places.partialOf(row.sha), { force: true })
    await index.delete(row, await index.manifest(row.chunks))
    const fresh = { ...this.#newRow(manifest), pins: row.pins }
    await index.add(fresh, manifest)
    return fresh
  }

  async #remove(sha: Sha256Hex): Promise<boolean> {
    return this.#locked(sha, async () => {
      const { index, changed } = this.#parts
      const row = await this.#row(sha)
      if (row === null || row.pins.length > 0 || this.#open.has(sha)) return false
      await index.change(sha, now => ({ ...now, state: 'removing' }))
      await removeFiles(this.#parts, row)
      await index.delete(row, await index.manifest(row.chunks))
      this.#uses.forget(sha)
      changed({ type: 'removed', sha })
      return true
    })
  }

  /** Call it with the blob's lock. One that was begun in vain leaves nothing behind. */
  async #reserve(blob: OpenBlob, isNew: boolean): Promise<void> {
    try {
      await this.#parts.space.reserve(blob, blob.row.sizeBytes - blob.bytesHeld)
    } catch (error) {
      await this.#open.giveBack(blob)
      if (isNew) {
        await removeFiles(this.#parts, blob.row)
        await this.#parts.index.delete(blob.row, blob.manifest)
      }
      throw error
    }
  }

  async #row(sha: Sha256Hex): Promise<BlobRow | null> {
    const row = await this.#parts.index.row(sha)
    return row?.state === 'removing' ? null : row
  }

  #newRow(manifest: Manifest): BlobRow {
    const now = this.#parts.clock.now()
    return {
      sha: manifest.blob,
      sizeBytes: manifest.sizeBytes,
      chunks: manifest.hash,
      chunkCount: manifest.chunks.length,
      state: 'partial',
      addedAt: now,
      usedAt: now,
      pins: [],
      stamp: null,
    }
  }

  #statOf(row: BlobRow): Promise<BlobStat> {
    const { sha, usedAt } = row
    return statOfRow(this.#parts.index, row, this.#uses.latest(sha, usedAt), this.#open.get(sha))
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
