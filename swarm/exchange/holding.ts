import type { PeerId } from '#node/host'
import { codeOf } from '#node/kit'
import { Bitfield, type ChunkRef, type Sha256Hex } from '#swarm/chunk'
import type { Allocate, BlobReader, BlobStore } from '#swarm/store'
import type { Holds } from './codec.ts'
import { SeedPolicy } from './seeding.ts'

export interface HoldingListener {
  readonly peer: PeerId
  /** What HAVE says has changed. */
  changed(): void
  chunk(index: number): void
}

/** One blob that other members follow: what we hold of it, and its bytes. Shared by all their streams. */
export class Holding {
  readonly blob: Sha256Hex
  readonly seeding: SeedPolicy
  holds: Holds = 'none'
  bits: Bitfield | null = null
  readonly listeners = new Set<HoldingListener>()
  readonly #store: BlobStore
  readonly #readers: BlobReader[] = []
  #chunks: readonly ChunkRef[] = []
  #opening: Promise<void> | null = null
  #closed = false

  constructor(blob: Sha256Hex, store: BlobStore, declineMs: number) {
    this.blob = blob
    this.#store = store
    this.seeding = new SeedPolicy(declineMs)
  }

  get chunkCount(): number {
    return this.#chunks.length
  }

  chunkLength(chunk: number): number | undefined {
    return this.#chunks[chunk]?.length
  }

  hasChunk(chunk: number): boolean {
    return this.holds === 'complete' || this.bits?.has(chunk) === true
  }

  /** Looks at the store again; several calls share one look. */
  refresh(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  /** After a look that is under way. */
  async settled(): Promise<void> {
    await this.#opening
  }

  follow(listener: HoldingListener): void {
    const several = this.seeding.several
    this.listeners.add(listener)
    this.seeding.join(listener.peer)
    if (several !== this.seeding.several) this.#tellOthers(listener)
  }

  unfollow(listener: HoldingListener): void {
    const several = this.seeding.several
    this.listeners.delete(listener)
    this.seeding.leave(listener.peer)
    if (several !== this.seeding.several) this.#tellOthers(listener)
  }

  gained(chunk: number): void {
    if (this.bits?.set(chunk) !== true) return
    for (const listener of this.listeners) listener.chunk(chunk)
  }

  /** @throws StoreError */
  async read(chunk: number, offset: number, length: number, allocate: Allocate): Promise<Uint8Array> {
    const reader = this.#readers.at(-1)
    try {
      if (reader) return await reader.readChunk(chunk, offset, length, allocate)
    } catch (error) {
      if (codeOf(error) !== 'not-found' && codeOf(error) !== 'closed') throw error
    }
    await this.refresh()
    return await this.#readers.at(-1)!.readChunk(chunk, offset, length, allocate)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening?.catch(() => undefined)
    await Promise.allSettled(this.#readers.splice(0).map(reader => reader.close()))
  }

  async #open(): Promise<void> {
    const stat = await this.#store.stat(this.blob)
    const reader = stat ? await this.#store.reader(this.blob).catch(() => null) : null
    if (!stat || !reader || this.#closed) {
      await reader?.close()
      this.holds = 'none'
      this.bits = null
      return
    }
    const old = this.#readers.length > 1 ? this.#readers.shift() : undefined
    this.#readers.push(reader)
    await old?.close()
    this.#chunks = reader.manifest.chunks
    this.holds = stat.state
    this.bits = null
    if (stat.state === 'partial') {
      this.bits = new Bitfield(this.#chunks.length)
      for (let i = 0; i < this.#chunks.length; i++) if (reader.has(i)) this.bits.set(i)
    }
  }

  #tellOthers(except: HoldingListener): void {
    if (this.holds !== 'complete') return
    for (const listener of this.listeners) if (listener !== except) listener.changed()
  }
}
