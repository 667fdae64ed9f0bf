import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '#node/kit'
import type { Bitfield, Sha256Hex } from '#swarm/chunk'
import type { Parts } from './parts.ts'

const SYNC_AFTER_MS = 1000
const SYNC_AFTER_BYTES = 64 * 1024 * 1024

/**
 * Which chunks of an open blob are held, and how that becomes durable: the file is synced before the bits are recorded, at least
 * every second or 64 MiB while chunks arrive.
 */
export class HeldChunks {
  readonly bits: Bitfield
  readonly #parts: Parts
  readonly #sha: Sha256Hex
  readonly #file: () => FileHandle
  #unsynced = 0
  #takenBack = false
  #enabled = true
  #syncing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Parts, sha: Sha256Hex, bits: Bitfield, file: () => FileHandle) {
    this.#parts = parts
    this.#sha = sha
    this.bits = bits
    this.#file = file
  }

  /** False when it was held already. */
  add(index: number, length: number): boolean {
    if (!this.bits.set(index)) return false
    this.#unsynced += length
    if (this.#unsynced >= SYNC_AFTER_BYTES) this.#syncNow()
    else this.#timer ??= setTimeout(() => this.#syncNow(), SYNC_AFTER_MS)
    return true
  }

  takeBack(index: number): void {
    if (this.bits.unset(index)) this.#takenBack = true
  }

  /** One sync at a time; a caller waits for one that started after its bytes were written. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing
    if (!this.#enabled || (this.#unsynced === 0 && !this.#takenBack)) return
    this.#syncing = this.#sync().finally(() => {
      this.#syncing = null
    })
    await this.#syncing
  }

  /** Nothing is recorded from now on: the blob became complete, or was dropped. */
  async stop(): Promise<void> {
    this.#enabled = false
    this.cancelTimer()
    await this.#syncing?.catch(() => undefined)
  }

  /** After a complete blob was set aside: what is held was just recorded. */
  resume(): void {
    this.#enabled = true
    this.#unsynced = 0
    this.#takenBack = false
  }

  cancelTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #syncNow(): void {
    this.cancelTimer()
    this.sync().catch(error => {
      this.#parts.log.warn('blob-sync-failed', { blob: this.#sha, error: messageOf(error) })
    })
  }

  async #sync(): Promise<void> {
    this.cancelTimer()
    const bits = this.bits.clone()
    const amount = this.#unsynced
    this.#takenBack = false
    await this.#file().datasync()
    await this.#parts.index.putHeld(this.#sha, bits)
    this.#unsynced -= amount
    if (this.#unsynced > 0) this.#timer ??= setTimeout(() => this.#syncNow(), SYNC_AFTER_MS)
  }
}
