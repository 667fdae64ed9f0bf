import { open, rm } from 'node:fs/promises'
import { Bitfield, type ChunkRef, type Manifest } from '#swarm/chunk'
import { moveToBlobs, moveToPartial, openCompleteFile, openPartialFile } from './blob-files.ts'
import { closedStore, corruptChunk, lyingManifest, notFound, StoreError } from './errors.ts'
import { HeldChunks } from './held-chunks.ts'
import { IncomingChunks } from './incoming-chunks.ts'
import { OpenFile } from './open-file.ts'
import type { Parts } from './parts.ts'
import type { BlobRow } from './rows.ts'
import { type FileStamp, sameStamp } from './stamp.ts'
import { TrustedChunks } from './trusted-chunks.ts'
import type { Allocate, ChunkLocation, PooledBuffer } from './types.ts'

const READ_TRIES = 5

/**
 * One blob's file while somebody has it open, shared by all its readers and writers.
 *
 * Order of a partial blob: bytes written, file synced, bit recorded. Order of completion: blob hash verified, file synced, all bits
 * recorded, file moved, folders synced, row changed. A crash between two steps leaves what the next start recognises.
 */
export class OpenBlob {
  readonly manifest: Manifest
  row: BlobRow
  refs = 0
  readonly #parts: Parts
  readonly #file: OpenFile
  readonly #incoming: IncomingChunks
  readonly #held: HeldChunks
  readonly #trusted: TrustedChunks
  readonly #listeners = new Set<(chunkIndex: number) => void>()
  #gone = false
  #closed = false

  private constructor(parts: Parts, row: BlobRow, manifest: Manifest, held: Bitfield, file: OpenFile) {
    this.#parts = parts
    this.row = row
    this.manifest = manifest
    this.#file = file
    this.#incoming = new IncomingChunks(parts.workers, manifest, file, held, index => this.#arrived(index))
    this.#held = new HeldChunks(parts, row.sha, held, () => file.handle)
    this.#trusted = new TrustedChunks(
      manifest,
      parts.epoch,
      () => file.handle.fd,
      index => this.#hashInFile(index),
    )
  }

  /** Call it with the blob's lock. @throws StoreError 'not-found' when the file of a complete blob is gone */
  static async open(parts: Parts, row: BlobRow, manifest: Manifest): Promise<OpenBlob> {
    if (row.state === 'partial') {
      const held = await parts.index.held(row)
      const file = new OpenFile(await openPartialFile(parts.places, row.sha))
      return new OpenBlob(parts, row, manifest, held, file)
    }
    const file = new OpenFile(await openCompleteFile(parts, row))
    const blob = new OpenBlob(parts, row, manifest, Bitfield.full(row.chunkCount), file)
    await blob.#held.stop()
    if (blob.#trusted.watch(row.stamp).size !== row.sizeBytes) await blob.quarantine('its file has another size')
    return blob
  }

  get isComplete(): boolean {
    return this.row.state === 'complete'
  }

  get chunksHeld(): number {
    return this.#held.bits.count
  }

  get bytesHeld(): number {
    if (this.isComplete) return this.row.sizeBytes
    let sum = 0
    for (const index of this.#held.bits.indexes()) sum += this.manifest.chunks[index]!.length
    return sum
  }

  has(index: number): boolean {
    return !this.#gone && this.#held.bits.has(index)
  }

  onChunk(listener: (chunkIndex: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async write(index: number, buffer: PooledBuffer): Promise<void> {
    try {
      this.#chunk(index)
      this.#assertHere()
      await this.#incoming.write(index, buffer.bytes)
    } finally {
      buffer.release()
    }
  }

  /** Copies the chunk from another open blob; false when the bytes there are not the chunk. */
  async copyFrom(index: number, source: OpenBlob, location: ChunkLocation): Promise<boolean> {
    this.#chunk(index)
    this.#assertHere()
    return this.#incoming.copy(index, source.#file, location)
  }

  sync(): Promise<void> {
    return this.#held.sync()
  }

  /** Call it with the blob's lock. */
  async complete(): Promise<void> {
    if (this.isComplete) return
    this.#assertHere()
    await this.#incoming.settled()
    const { sha, sizeBytes } = this.row
    const missing = this.#held.bits.length - this.#held.bits.count
    if (missing > 0) {
      throw new StoreError(
        'not-found',
        `blob ${sha} misses ${missing} of ${this.#held.bits.length} chunks; fetch them first`,
      )
    }
    if ((await this.#incoming.digest()) !== sha) await this.#explainMismatch()
    await this.#incoming.stopHash()
    await this.sync()
    const file = this.#file.handle
    if ((await file.stat()).size !== sizeBytes) await file.truncate(sizeBytes)
    await file.sync()
    await moveToBlobs(this.#parts.places, sha)
    const now = this.#parts.clock.now()
    const stamp = this.#trusted.watchVerified()
    this.row = await this.#changeRow({ state: 'complete', stamp, addedAt: now, usedAt: now }, { held: null })
    await this.#held.stop()
    this.#parts.space.release(this)
    this.#parts.changed({ type: 'complete', sha })
  }

  /** Somebody else brought the whole blob: goes on with that file. Call it with the blob's lock. */
  async replacedBy(row: BlobRow, path: string): Promise<void> {
    await this.#incoming.settled()
    await this.#incoming.stopHash()
    await this.#held.stop()
    this.#file.replaceWith(await open(path, 'r'))
    this.row = row
    this.#trusted.watch(row.stamp)
    for (let index = 0; index < row.chunkCount; index++) if (this.#held.bits.set(index)) this.#tell(index)
    this.#parts.space.release(this)
  }

  async readChunk(
    index: number,
    offset: number,
    length: number,
    allocate: Allocate = freshMemory,
  ): Promise<Uint8Array> {
    const chunk = this.#chunk(index)
    if (offset < 0 || length < 0 || offset + length > chunk.length) {
      throw new RangeError(`bytes ${offset} to ${offset + length} are outside chunk ${index} of ${chunk.length} bytes`)
    }
    const { sha } = this.row
    for (let tries = 0; tries < READ_TRIES; tries++) {
      this.#assertHere()
      if (!this.has(index)) throw new StoreError('not-found', `chunk ${index} of blob ${sha} is not held here`)
      const before = this.#trusted.check()
      if (!(await this.#trusted.verify(index))) await this.#reportBad(index)
      await this.#keepStamp()
      const bytes = await this.#file.read(chunk.offset + offset, allocate(length))
      if (bytes !== null && this.#trusted.isUnchanged(before)) return bytes
    }
    throw new StoreError(
      'corrupt',
      `blob ${sha} keeps changing on disk while it is read; find out which program writes to it`,
    )
  }

  /** Hashes what has not been hashed since the file last changed. Call it with the blob's lock. @throws StoreError 'corrupt' */
  async verifyAll(signal?: AbortSignal): Promise<void> {
    this.#trusted.check()
    const [bad] = await this.#trusted.findBad(this.#held.bits, signal)
    if (bad !== undefined) {
      await this.quarantine(`chunk ${bad} does not verify`)
      throw corruptChunk(this.row.sha, bad)
    }
    await this.#keepStamp()
  }

  /** The file's change time moved for a reason that is known, such as a new link. Call it with the blob's lock. */
  async restamp(stamp: FileStamp): Promise<void> {
    this.#trusted.restamp(stamp)
    await this.#keepStamp()
  }

  /**
   * The file of a complete blob is not what it was: keeps its good chunks as a partial blob, which a fetch then mends.
   * Call it with the blob's lock.
   */
  async quarantine(reason: string): Promise<void> {
    const { places, log, changed } = this.#parts
    const { sha } = this.row
    this.#trusted.check()
    const bad = await this.#trusted.findBad(this.#held.bits)
    for (const index of bad) this.#held.takeBack(index)
    log.warn(
      'blob-corrupt',
      { blob: sha, reason, badChunks: bad },
      `Blob ${sha} changed on disk and was set aside; fetch it again to mend it.`,
    )
    const isLinked = (await this.#file.handle.stat()).nlink > 1
    await moveToPartial(places, sha, isLinked, async () => {
      this.row = await this.#changeRow({ state: 'partial', stamp: null }, { held: this.#held.bits })
      this.#held.resume()
      this.#trusted.unwatch()
    })
    this.#file.replaceWith(await openPartialFile(places, sha))
    if (isLinked) this.#trusted.clear()
    changed({ type: 'removed', sha })
  }

  /** Call it with the blob's lock, after the last reference went. */
  async close(): Promise<void> {
    this.#closed = true
    this.#held.cancelTimer()
    await Promise.all([this.#incoming.settled(), this.#file.settled()])
    await this.#incoming.stopHash()
    try {
      await this.sync()
    } finally {
      await this.#held.stop()
      this.#parts.space.release(this)
      await this.#file.close()
    }
  }

  #arrived(index: number): void {
    const { length } = this.manifest.chunks[index]!
    if (this.isComplete || !this.#held.add(index, length)) return
    this.#trusted.add(index)
    this.#parts.space.arrived(this, length)
    this.#incoming.advanceHash()
    this.#tell(index)
  }

  async #changeRow(fields: Partial<BlobRow>, options: { held?: Bitfield | null } = {}): Promise<BlobRow> {
    const row = await this.#parts.index.change(this.row.sha, now => ({ ...now, ...fields }), options)
    if (row === null) throw notFound(this.row.sha)
    return row
  }

  /** Every chunk is held, and together they are not the blob: either the disk changed some, or the manifest lied. */
  async #explainMismatch(): Promise<never> {
    const { index, log, places } = this.#parts
    const { sha } = this.row
    await this.#incoming.stopHash()
    this.#trusted.clear()
    const bad = await this.#trusted.findBad(this.#held.bits)
    if (bad.length > 0) {
      for (const chunk of bad) this.#held.takeBack(chunk)
      log.warn(
        'blob-corrupt',
        { blob: sha, badChunks: bad },
        `Chunks of blob ${sha} changed on disk; fetch them again.`,
      )
      await this.sync()
      throw new StoreError(
        'corrupt',
        `${bad.length} chunks of blob ${sha} changed on disk before it was complete; fetch them again`,
      )
    }
    this.#gone = true
    await this.#held.stop()
    await this.#changeRow({ state: 'removing' })
    await rm(places.partialOf(sha), { force: true })
    await index.delete(this.row, this.manifest)
    throw lyingManifest(sha, this.manifest.hash)
  }

  async #hashInFile(index: number): Promise<boolean> {
    const { sha, offset: position, length } = this.manifest.chunks[index]!
    return this.#file.use(fd => this.#parts.workers.run({ type: 'verify', sha, fd, position, length }))
  }

  /** Records that every byte was verified, once that is so. */
  async #keepStamp(): Promise<void> {
    const stamp = this.#trusted.stampOfAll
    if (stamp === null || sameStamp(this.row.stamp, stamp)) return
    this.row = { ...this.row, stamp }
    await this.#parts.index.change(this.row.sha, now => (now.state === 'complete' ? { ...now, stamp } : now), {
      lazily: true,
    })
  }

  async #reportBad(index: number): Promise<never> {
    const { locks, log } = this.#parts
    const { sha } = this.row
    await locks.run(sha, async () => {
      if (!this.#held.bits.has(index)) return
      if (this.isComplete) return this.quarantine(`chunk ${index} does not verify`)
      this.#held.takeBack(index)
      log.warn(
        'chunk-corrupt',
        { blob: sha, chunk: index },
        `Chunk ${index} of blob ${sha} changed on disk; it is fetched again.`,
      )
      await this.sync()
    })
    throw corruptChunk(sha, index)
  }

  #chunk(index: number): ChunkRef {
    const chunk = this.manifest.chunks[index]
    if (chunk !== undefined) return chunk
    const count = this.manifest.chunks.length
    throw new StoreError('not-found', `blob ${this.row.sha} has ${count} chunks, there is no chunk ${index}`)
  }

  #assertHere(): void {
    if (this.#closed) throw closedStore()
    if (this.#gone) throw notFound(this.row.sha)
  }

  #tell(index: number): void {
    for (const listener of this.#listeners) listener(index)
  }
}

function freshMemory(length: number): Uint8Array {
  return Buffer.allocUnsafeSlow(length)
}
