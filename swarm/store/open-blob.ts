import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, messageOf, syncFolder } from '#node/kit'
import { Bitfield, type ChunkRef, type Manifest } from '#swarm/chunk'
import { closedStore, notFound, StoreError, storeFault } from './errors.ts'
import type { Parts } from './parts.ts'
import type { BlobRow } from './rows.ts'
import { RunningHash } from './running-hash.ts'
import { type FileStamp, sameStamp, stampOfOpenFile } from './stamp.ts'
import type { ChunkLocation, PooledBuffer } from './types.ts'
import { sharedSlice } from './workers.ts'

const SYNC_AFTER_MS = 1000
const SYNC_AFTER_BYTES = 64 * 1024 * 1024
const READ_TRIES = 5

/**
 * One blob's file while somebody has it open, shared by all its readers and writers.
 *
 * Order of a partial blob: bytes written, file synced, bit recorded. Order of completion: blob hash verified, file synced, all bits
 * recorded, file moved, folders synced, row changed. A crash between two steps leaves what the next open recognises.
 *
 * Trust in bytes that are read: `#verified` names the chunks that were hashed since the file last changed under `#stamp`. For a partial
 * blob, which changes all the time, it names those that this process wrote or hashed.
 */
export class OpenBlob {
  readonly manifest: Manifest
  row: BlobRow
  refs = 0
  readonly #parts: Parts
  readonly #held: Bitfield
  readonly #verified: Bitfield
  readonly #listeners = new Set<(chunkIndex: number) => void>()
  readonly #writing = new Map<number, Promise<void>>()
  readonly #tasks = new Set<Promise<unknown>>()
  readonly #retired: FileHandle[] = []
  #file: FileHandle
  #stamp: FileStamp | null = null
  #hash: RunningHash | null = null
  #unsynced = 0
  /** Bits were taken back. */
  #changed = false
  #syncing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #gone = false
  #closed = false

  private constructor(parts: Parts, row: BlobRow, manifest: Manifest, held: Bitfield, file: FileHandle) {
    this.#parts = parts
    this.row = row
    this.manifest = manifest
    this.#held = held
    this.#verified = new Bitfield(held.length)
    this.#file = file
  }

  /** Call it with the blob's lock. @throws StoreError 'not-found' when the file of a complete blob is gone */
  static async open(parts: Parts, row: BlobRow, manifest: Manifest): Promise<OpenBlob> {
    if (row.state === 'partial') {
      const held = await parts.index.held(row)
      return new OpenBlob(parts, row, manifest, held, await openPartialFile(parts, row))
    }
    const file = await openCompleteFile(parts, row)
    const blob = new OpenBlob(parts, row, manifest, Bitfield.full(row.chunkCount), file)
    blob.#stamp = stampOfOpenFile(file.fd, parts.epoch)
    if (sameStamp(row.stamp, blob.#stamp)) blob.#verified.fill()
    if (blob.#stamp.size !== row.sizeBytes) await blob.quarantine('its file has another size')
    return blob
  }

  get isComplete(): boolean {
    return this.row.state === 'complete'
  }

  get chunksHeld(): number {
    return this.#held.count
  }

  get bytesHeld(): number {
    if (this.isComplete) return this.row.sizeBytes
    let sum = 0
    for (const index of this.#held.indexes()) sum += this.manifest.chunks[index]!.length
    return sum
  }

  has(index: number): boolean {
    return !this.#gone && this.#held.has(index)
  }

  onChunk(listener: (chunkIndex: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async write(index: number, buffer: PooledBuffer): Promise<void> {
    let release = true
    try {
      const chunk = this.#chunk(index)
      if (await this.#arrivedMeanwhile(index)) return
      if (buffer.bytes.byteLength !== chunk.length) throw this.#mismatch(index, `${buffer.bytes.byteLength} bytes came`)
      const work = this.#store(index, chunk, buffer)
      this.#writing.set(index, work)
      try {
        await work
      } finally {
        this.#writing.delete(index)
      }
      release = this.isComplete || !this.#hashOf().offer(index, buffer)
      this.#arrived(index)
    } finally {
      if (release) buffer.release()
    }
  }

  /** Copies the chunk from another open blob; false when the bytes there are not the chunk. */
  async copyFrom(index: number, source: OpenBlob, location: ChunkLocation): Promise<boolean> {
    const chunk = this.#chunk(index)
    if (await this.#arrivedMeanwhile(index)) return true
    if (location.length !== chunk.length) return false
    const { sha, offset, length } = chunk
    const from = { fd: source.#file.fd, position: location.offset }
    const task = this.#parts.workers.run({
      type: 'copy-chunk',
      sha,
      length,
      ...from,
      toFd: this.#file.fd,
      toPosition: offset,
    })
    const copied = await source.#tracked(this.#tracked(task)).catch(error => {
      throw storeFault(error, `storing blob ${this.row.sha}`)
    })
    if (copied) this.#arrived(index)
    return copied
  }

  /** Bytes written, then their bits. One sync at a time; a caller waits for one that started after its bytes were written. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing
    if ((this.#unsynced === 0 && !this.#changed) || this.#gone || this.isComplete) return
    this.#syncing = this.#syncNow().finally(() => (this.#syncing = null))
    await this.#syncing
  }

  /** Call it with the blob's lock. */
  async complete(): Promise<void> {
    if (this.isComplete) return
    this.#assertHere()
    await Promise.allSettled(this.#writing.values())
    if (!this.#held.isFull) {
      const missing = this.#held.length - this.#held.count
      throw new StoreError(
        'not-found',
        `blob ${this.row.sha} misses ${missing} of ${this.#held.length} chunks; fetch them first`,
      )
    }
    if ((await this.#hashOf().digest()) !== this.row.sha) await this.#explainMismatch()
    await this.#stopHash()
    await this.sync()
    const { places, epoch, clock } = this.#parts
    if ((await this.#file.stat()).size !== this.row.sizeBytes) await this.#file.truncate(this.row.sizeBytes)
    await this.#file.sync()
    await places.createBlobFolder(this.row.sha)
    const target = places.blob(this.row.sha)
    await rename(places.partialOf(this.row.sha), target)
    await syncFolder(dirname(target))
    await syncFolder(places.partial)
    const stamp = stampOfOpenFile(this.#file.fd, epoch)
    const now = clock.now()
    this.row = await this.#changeRow({ state: 'complete', stamp, addedAt: now, usedAt: now }, { held: null })
    this.#stamp = stamp
    this.#verified.fill()
    this.#parts.space.release(this)
    this.#parts.changed({ type: 'complete', sha: this.row.sha })
  }

  /** Somebody else brought the whole blob: goes on with that file. Call it with the blob's lock. */
  async replacedBy(row: BlobRow, path: string): Promise<void> {
    await Promise.allSettled([...this.#writing.values(), this.#syncing])
    await this.#stopHash()
    clearTimeout(this.#timer)
    this.#unsynced = 0
    this.#retired.push(this.#file)
    this.#file = await open(path, 'r')
    this.row = row
    this.#stamp = stampOfOpenFile(this.#file.fd, this.#parts.epoch)
    this.#verified.clear()
    if (sameStamp(row.stamp, this.#stamp)) this.#verified.fill()
    for (let index = 0; index < this.#held.length; index++) if (this.#held.set(index)) this.#tell(index)
    this.#parts.space.release(this)
  }

  async readChunk(index: number, offset: number, length: number): Promise<Uint8Array> {
    const chunk = this.#chunk(index)
    if (offset < 0 || length < 0 || offset + length > chunk.length) {
      throw new RangeError(`bytes ${offset} to ${offset + length} are outside chunk ${index} of ${chunk.length} bytes`)
    }
    for (let tries = 0; tries < READ_TRIES; tries++) {
      this.#assertHere()
      if (!this.#held.has(index)) {
        throw new StoreError('not-found', `chunk ${index} of blob ${this.row.sha} is not held here`)
      }
      const stamp = this.#currentStamp()
      if (!(await this.#verify(index))) await this.#reportBad(index)
      const bytes = await this.#read(chunk.offset + offset, length)
      if (stamp === null ? !this.isComplete : sameStamp(stamp, this.#fileStamp())) return bytes
    }
    throw new StoreError(
      'corrupt',
      `blob ${this.row.sha} keeps changing on disk while it is read; find out which program writes to it`,
    )
  }

  /** Hashes what has not been hashed since the file last changed. Call it with the blob's lock. @throws StoreError 'corrupt' */
  async verifyAll(signal?: AbortSignal): Promise<void> {
    this.#currentStamp()
    for (let index = 0; index < this.#held.length; index++) {
      signal?.throwIfAborted()
      if (await this.#verify(index)) continue
      await this.quarantine(`chunk ${index} does not verify`)
      throw this.#corrupt(index)
    }
    await this.#keepStamp()
  }

  /** The file's change time moved for a reason that is known, such as a new link. Call it with the blob's lock. */
  async restamp(stamp: FileStamp): Promise<void> {
    this.#stamp = stamp
    await this.#keepStamp()
  }

  /**
   * The file of a complete blob is not what it was: keeps its good chunks as a partial blob, which a fetch then mends.
   * Call it with the blob's lock.
   */
  async quarantine(reason: string): Promise<void> {
    const { places, log } = this.#parts
    this.#currentStamp()
    let bad = 0
    for (let chunk = 0; chunk < this.#held.length; chunk++) {
      if (await this.#verify(chunk)) continue
      this.#held.unset(chunk)
      bad++
    }
    const { sha } = this.row
    log.warn(
      'blob-corrupt',
      { blob: sha, reason, badChunks: bad },
      `Blob ${sha} changed on disk and was set aside; fetch it again to mend it.`,
    )
    const path = places.blob(sha)
    const shared = (await this.#file.stat()).nlink > 1
    if (shared) await copyAside(path, places.newIngest(), places.partialOf(sha))
    this.row = await this.#changeRow({ state: 'partial', stamp: null }, { held: this.#held })
    this.#stamp = null
    if (shared) await rm(path, { force: true })
    else await rename(path, places.partialOf(sha)).catch(ignoreMissing)
    await syncFolder(dirname(path))
    await syncFolder(places.partial)
    this.#retired.push(this.#file)
    this.#file = await openPartialFile(this.#parts, this.row)
    if (shared) this.#verified.clear()
    this.#parts.changed({ type: 'removed', sha })
  }

  /** Call it with the blob's lock, after the last reference went. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await Promise.allSettled([...this.#writing.values(), ...this.#tasks])
    await this.#stopHash()
    try {
      await this.sync()
    } finally {
      this.#parts.space.release(this)
      for (const file of [this.#file, ...this.#retired]) await file.close()
    }
  }

  async #store(index: number, chunk: ChunkRef, buffer: PooledBuffer): Promise<void> {
    const slice = sharedSlice(buffer.bytes)
    const { sha, offset: position } = chunk
    const task = this.#parts.workers.run({ type: 'store-chunk', slice, sha, fd: this.#file.fd, position })
    const right = await this.#tracked(task).catch(error => {
      throw storeFault(error, `storing blob ${this.row.sha}`)
    })
    if (!right) throw this.#mismatch(index, 'the bytes that came have another hash')
  }

  /** True when the chunk is held, after waiting for a write of it that is under way. */
  async #arrivedMeanwhile(index: number): Promise<boolean> {
    this.#assertHere()
    await this.#writing.get(index)?.catch(() => undefined)
    return this.#held.has(index)
  }

  #arrived(index: number): void {
    if (this.isComplete || !this.#held.set(index)) return
    const { length } = this.manifest.chunks[index]!
    this.#verified.set(index)
    this.#parts.space.arrived(this, length)
    this.#unsynced += length
    if (this.#unsynced >= SYNC_AFTER_BYTES) this.#syncSoon(0)
    else this.#syncSoon(SYNC_AFTER_MS)
    this.#hashOf().advance()
    this.#tell(index)
  }

  #syncSoon(delayMs: number): void {
    if (delayMs > 0 && this.#timer !== undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const run = (): void => {
      this.#timer = undefined
      const { log } = this.#parts
      this.sync().catch(error => log.warn('blob-sync-failed', { blob: this.row.sha, error: messageOf(error) }))
    }
    if (delayMs === 0) run()
    else this.#timer = setTimeout(run, delayMs)
  }

  async #syncNow(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = this.#held.clone()
    const amount = this.#unsynced
    this.#changed = false
    await this.#file.datasync()
    await this.#parts.index.putHeld(this.row.sha, held)
    this.#unsynced -= amount
    if (this.#unsynced > 0) this.#syncSoon(SYNC_AFTER_MS)
  }

  /** Makes bits that were taken back durable. */
  async #record(): Promise<void> {
    this.#changed = true
    await this.sync()
  }

  async #changeRow(
    fields: Partial<BlobRow>,
    options: { held?: Bitfield | null; lazily?: boolean } = {},
  ): Promise<BlobRow> {
    const row = await this.#parts.index.change(this.row.sha, now => ({ ...now, ...fields }), options)
    if (row === null) throw notFound(this.row.sha)
    return row
  }

  #hashOf(): RunningHash {
    this.#hash ??= new RunningHash(this.#parts.workers, this.manifest, this.#file.fd, index => this.#held.has(index))
    return this.#hash
  }

  async #stopHash(): Promise<void> {
    await this.#hash?.close()
    this.#hash = null
  }

  /** Every chunk is held, and together they are not the blob: either the disk changed some, or the manifest lied. */
  async #explainMismatch(): Promise<never> {
    const { index, log, places } = this.#parts
    const { sha } = this.row
    await this.#stopHash()
    this.#verified.clear()
    for (let chunk = 0; chunk < this.#held.length; chunk++) if (!(await this.#verify(chunk))) this.#held.unset(chunk)
    if (!this.#held.isFull) {
      const bad = this.#held.length - this.#held.count
      log.warn(
        'blob-corrupt',
        { blob: sha, badChunks: bad },
        `Chunks of blob ${sha} changed on disk; fetch them again.`,
      )
      await this.#record()
      throw new StoreError(
        'corrupt',
        `${bad} chunks of blob ${sha} changed on disk before it was complete; fetch them again`,
      )
    }
    this.#gone = true
    this.#unsynced = 0
    await this.#changeRow({ state: 'removing' })
    await rm(places.partialOf(sha), { force: true })
    await index.delete(this.row, this.manifest)
    throw new StoreError(
      'mismatch',
      `chunk manifest ${this.manifest.hash} does not describe blob ${sha}; what was fetched is dropped. Whoever signed the entry made a mistake or lies`,
      { context: { blob: sha, manifest: this.manifest.hash } },
    )
  }

  /** The stamp that bytes of a complete blob are read under, null for a partial one. A change makes every chunk unverified. */
  #currentStamp(): FileStamp | null {
    if (!this.isComplete) return null
    const now = this.#fileStamp()
    if (!sameStamp(this.#stamp, now)) {
      this.#stamp = now
      this.#verified.clear()
    }
    return now
  }

  #fileStamp(): FileStamp {
    return stampOfOpenFile(this.#file.fd, this.#parts.epoch)
  }

  async #verify(index: number): Promise<boolean> {
    if (this.#verified.has(index)) return true
    const { sha, offset: position, length } = this.manifest.chunks[index]!
    const before = this.isComplete ? this.#fileStamp() : null
    const task = this.#parts.workers.run({ type: 'verify', sha, fd: this.#file.fd, position, length })
    const right = await this.#tracked(task)
    if (right && (before === null || sameStamp(before, this.#fileStamp()))) {
      this.#verified.set(index)
      if (this.#verified.isFull && this.isComplete) await this.#keepStamp()
    }
    return right
  }

  async #keepStamp(): Promise<void> {
    if (this.#stamp === null || !this.#verified.isFull || sameStamp(this.row.stamp, this.#stamp)) return
    this.row = await this.#changeRow({ stamp: this.#stamp }, { lazily: true })
  }

  async #reportBad(index: number): Promise<never> {
    const { locks, log } = this.#parts
    await locks.run(this.row.sha, async () => {
      if (!this.#held.has(index)) return
      if (this.isComplete) return this.quarantine(`chunk ${index} does not verify`)
      this.#held.unset(index)
      log.warn(
        'chunk-corrupt',
        { blob: this.row.sha, chunk: index },
        `Chunk ${index} of blob ${this.row.sha} changed on disk; it is fetched again.`,
      )
      await this.#record()
    })
    throw this.#corrupt(index)
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#tracked(this.#file.read(bytes, done, length - done, position + done))
      if (bytesRead === 0)
        throw new StoreError('corrupt', `the file of blob ${this.row.sha} is shorter than it was; fetch the blob again`)
      done += bytesRead
    }
    return bytes
  }

  /** Closing waits for it, because the file's number may belong to another file afterwards. */
  #tracked<T>(task: Promise<T>): Promise<T> {
    const tracked = task.finally(() => this.#tasks.delete(tracked))
    this.#tasks.add(tracked)
    return tracked
  }

  #chunk(index: number): ChunkRef {
    const chunk = this.manifest.chunks[index]
    if (chunk === undefined) {
      throw new StoreError(
        'not-found',
        `blob ${this.row.sha} has ${this.#held.length} chunks, there is no chunk ${index}`,
      )
    }
    return chunk
  }

  #assertHere(): void {
    if (this.#closed) throw closedStore()
    if (this.#gone) throw notFound(this.row.sha)
  }

  #tell(index: number): void {
    for (const listener of this.#listeners) listener(index)
  }

  #mismatch(index: number, what: string): StoreError {
    return new StoreError(
      'mismatch',
      `chunk ${index} of blob ${this.row.sha} was not stored: ${what}; take it from another member`,
      {
        context: { blob: this.row.sha, chunk: index },
      },
    )
  }

  #corrupt(index: number): StoreError {
    return new StoreError(
      'corrupt',
      `chunk ${index} of blob ${this.row.sha} changed on disk and was set aside; fetch the blob again`,
      {
        context: { blob: this.row.sha, chunk: index },
      },
    )
  }
}

async function openPartialFile(parts: Parts, row: BlobRow): Promise<FileHandle> {
  const path = parts.places.partialOf(row.sha)
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644)
  try {
    await syncFolder(parts.places.partial)
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}

async function openCompleteFile(parts: Parts, row: BlobRow): Promise<FileHandle> {
  try {
    return await open(parts.places.blob(row.sha), 'r')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    parts.log.warn(
      'blob-missing',
      { blob: row.sha },
      `The file of blob ${row.sha} is gone; the blob has to be fetched again.`,
    )
    const held = new Bitfield(row.chunkCount)
    await parts.index.change(row.sha, now => ({ ...now, state: 'partial', stamp: null }), { held })
    throw notFound(row.sha)
  }
}

/** A hard link elsewhere may be in use: the copy is mended, not the linked file. */
async function copyAside(from: string, temporary: string, to: string): Promise<void> {
  if ((await stat(from).catch(() => null)) === null) return
  await copyFile(from, temporary, constants.COPYFILE_FICLONE)
  await rename(temporary, to)
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
