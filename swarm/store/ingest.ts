import { type FileHandle, open, rm } from 'node:fs/promises'
import { sha256Hex } from '#node/kit'
import { ChunkError, encodeManifest, type Manifest, MIN_CHUNK_BYTES, manifestOf } from '#swarm/chunk'
import { StoreError, storeFault } from './errors.ts'
import type { Parts } from './parts.ts'
import type { CutChunk } from './tasks.ts'
import type { IngestOptions, PooledBuffer } from './types.ts'
import { sharedSlice } from './workers.ts'

const BUFFER_BYTES = 1024 * 1024
const BUFFERS_IN_FLIGHT = 8
/** A slow source does not keep a half-filled buffer from others for longer. */
const FLUSH_AFTER_MS = 50
const SYNC_EVERY_BYTES = 64 * 1024 * 1024

export interface Ingested {
  readonly manifest: Manifest
  /** A synced file with the blob's bytes, which the caller moves or removes. */
  readonly path: string
}

/**
 * Writes a stream to a new file in the partial folder while two threads work on it: one cuts and hashes chunks, the other hashes the
 * whole and writes. The file is synced piece by piece in the background, so that the last sync is short. Removes the file when it fails.
 */
export async function ingestToFile(
  parts: Parts,
  source: AsyncIterable<Uint8Array>,
  options: IngestOptions,
): Promise<Ingested> {
  options.signal?.throwIfAborted()
  const owner = {}
  await parts.space.reserve(owner, options.expectedBytes ?? 0)
  const path = parts.places.newIngest()
  try {
    const file = await open(path, 'wx+', 0o644)
    try {
      const manifest = await consume(parts, file, source, options)
      await file.sync()
      return { manifest, path }
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(path, { force: true })
    if (error instanceof ChunkError) throw new StoreError('too-large', error.message, { cause: error })
    throw storeFault(error, 'storing a new blob')
  } finally {
    parts.space.release(owner)
  }
}

async function consume(
  parts: Parts,
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  options: IngestOptions,
): Promise<Manifest> {
  const pieces = limited(source, options)
  const start: Uint8Array[] = []
  let startBytes = 0
  let next = await pieces.next()
  while (next.done !== true && startBytes + next.value.byteLength <= MIN_CHUNK_BYTES) {
    // A copy, because a source may fill the same buffer again.
    start.push(next.value.slice())
    startBytes += next.value.byteLength
    next = await pieces.next()
  }
  if (next.done === true) {
    checkSize(startBytes, options)
    const bytes = Buffer.concat(start)
    await file.writeFile(bytes)
    return manifestOf(bytes)
  }
  const pipeline = new Pipeline(parts, file, options)
  try {
    for (const piece of start) await pipeline.push(piece)
    await pipeline.push(next.value)
    await pipeline.drainSource(pieces)
    return await pipeline.finish()
  } finally {
    await pipeline.close()
    await pieces.return?.()
  }
}

class Pipeline {
  readonly #parts: Parts
  readonly #file: FileHandle
  readonly #options: IngestOptions
  readonly #cutter
  readonly #hash
  /** Chunks that ended in each buffer, in order of the buffers. */
  readonly #cuts: CutChunk[][] = []
  readonly #inFlight = new Set<Promise<void>>()
  #buffer: PooledBuffer | null = null
  #filled = 0
  #position = 0
  #written = 0
  #synced = 0
  #syncing: Promise<void> | null = null
  #fault: unknown

  constructor(parts: Parts, file: FileHandle, options: IngestOptions) {
    this.#parts = parts
    this.#file = file
    this.#options = options
    this.#cutter = parts.workers.session()
    this.#hash = parts.workers.session()
  }

  async push(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.byteLength; ) {
      this.#throwFault()
      if (this.#buffer === null) {
        while (this.#inFlight.size >= BUFFERS_IN_FLIGHT) await Promise.race(this.#inFlight)
        this.#buffer = await this.#parts.buffers.acquire(BUFFER_BYTES, { signal: this.#options.signal })
      }
      const count = Math.min(piece.byteLength - at, BUFFER_BYTES - this.#filled)
      this.#buffer.bytes.set(piece.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      if (this.#filled === BUFFER_BYTES) this.flush()
    }
  }

  async drainSource(pieces: AsyncIterator<Uint8Array>): Promise<void> {
    for (;;) {
      const timer = this.#filled > 0 ? setTimeout(() => this.flush(), FLUSH_AFTER_MS) : undefined
      const next = await pieces.next().finally(() => clearTimeout(timer))
      if (next.done === true) return
      await this.push(next.value)
    }
  }

  flush(): void {
    const buffer = this.#buffer
    if (buffer === null) return
    const bytes = buffer.bytes.subarray(0, this.#filled)
    const position = this.#position
    this.#position += this.#filled
    this.#buffer = null
    this.#filled = 0
    const work = this.#process(bytes, position)
      .catch(error => {
        this.#fault ??= error
      })
      .finally(() => {
        buffer.release()
        this.#inFlight.delete(work)
      })
    this.#inFlight.add(work)
  }

  async finish(): Promise<Manifest> {
    this.flush()
    await this.#settle()
    this.#throwFault()
    checkSize(this.#position, this.#options)
    this.#cuts.push(await this.#cutter.run('cut-end', {}))
    const sha = await this.#hash.run('hash-end', {})
    return encodeManifest(sha, this.#position, this.#cuts.flat())
  }

  /** Resolves when no thread uses the file or a buffer any more. */
  async close(): Promise<void> {
    this.#buffer?.release()
    this.#buffer = null
    await this.#settle()
    this.#cutter.close()
    this.#hash.close()
  }

  async #process(bytes: Uint8Array, position: number): Promise<void> {
    const slice = sharedSlice(bytes)
    const fd = this.#file.fd
    const place = this.#cuts.push([]) - 1
    const cutting = this.#cutter.run('cut-memory', { slice })
    const writing = this.#hash.run('hash-memory', { slice, fd, position })
    await Promise.allSettled([cutting, writing])
    await writing
    this.#cuts[place] = await cutting
    this.#written += bytes.byteLength
    this.#options.onProgress?.(this.#written)
    if (this.#written - this.#synced >= SYNC_EVERY_BYTES) this.#syncInBackground()
  }

  #syncInBackground(): void {
    if (this.#syncing !== null) return
    this.#synced = this.#written
    this.#syncing = this.#file
      .datasync()
      .catch(error => {
        this.#fault ??= error
      })
      .finally(() => (this.#syncing = null))
  }

  async #settle(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    await this.#syncing
  }

  #throwFault(): void {
    this.#options.signal?.throwIfAborted()
    if (this.#fault !== undefined) throw this.#fault
  }
}

/** The stream, cut off at the limit and by the signal. */
async function* limited(source: AsyncIterable<Uint8Array>, options: IngestOptions): AsyncGenerator<Uint8Array, void> {
  const { maxBytes, expectedBytes, signal } = options
  let total = 0
  for await (const piece of source) {
    signal?.throwIfAborted()
    total += piece.byteLength
    if (total > maxBytes) {
      throw new StoreError(
        'too-large',
        `the blob has more than the ${maxBytes} bytes that are allowed; raise swarm.curator.max_bytes or push less`,
      )
    }
    if (expectedBytes !== undefined && total > expectedBytes) throw sizeChanged(total, expectedBytes, 'at least ')
    yield piece
  }
  signal?.throwIfAborted()
}

function checkSize(sizeBytes: number, { expectedBytes }: IngestOptions): void {
  if (expectedBytes !== undefined && sizeBytes !== expectedBytes) throw sizeChanged(sizeBytes, expectedBytes, '')
}

function sizeChanged(sizeBytes: number, expectedBytes: number, about: string): StoreError {
  return new StoreError(
    'size-changed',
    `the content changed while it was read: ${expectedBytes} bytes were announced, ${about}${sizeBytes} came; try again when nothing writes to it`,
  )
}

/** Chunks and hashes a file in place, in steps that leave the threads free for others in between. */
export async function manifestOfFile(parts: Parts, file: FileHandle, signal: AbortSignal): Promise<Manifest> {
  const { size } = await file.stat()
  const step = 8 * BUFFER_BYTES
  const cutter = parts.workers.session()
  const hash = parts.workers.session()
  const chunks: CutChunk[] = []
  try {
    for (let position = 0; position < size; position += step) {
      signal.throwIfAborted()
      const range = { fd: file.fd, position, length: Math.min(step, size - position) }
      const [cut] = await Promise.all([cutter.run('cut-file', { ...range }), hash.run('hash-file', { ...range })])
      chunks.push(...cut)
    }
    chunks.push(...(await cutter.run('cut-end', {})))
    const sha = size === 0 ? sha256Hex() : await hash.run('hash-end', {})
    return encodeManifest(sha, size, chunks)
  } finally {
    cutter.close()
    hash.close()
  }
}
