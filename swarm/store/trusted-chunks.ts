import { Bitfield, type Manifest } from '#swarm/chunk'
import { type FileStamp, sameStamp, stampOfOpenFile } from './stamp.ts'

/**
 * Which chunks of an open file may be read without hashing them. For a complete blob: those that were hashed since the file last
 * looked different. For a partial one, which changes all the time: those that this process wrote or hashed.
 */
export class TrustedChunks {
  readonly #manifest: Manifest
  readonly #epoch: number
  readonly #bits: Bitfield
  readonly #hash: (index: number) => Promise<boolean>
  readonly #fd: () => number
  #stamp: FileStamp | null = null

  /** `hash` tells whether the chunk's bytes in the file have its hash. */
  constructor(manifest: Manifest, epoch: number, fd: () => number, hash: (index: number) => Promise<boolean>) {
    this.#manifest = manifest
    this.#epoch = epoch
    this.#fd = fd
    this.#hash = hash
    this.#bits = new Bitfield(manifest.chunks.length)
  }

  /** The stamp under which every chunk is trusted, if that is so. */
  get stampOfAll(): FileStamp | null {
    return this.#bits.isFull ? this.#stamp : null
  }

  /** From now on as a complete blob's file, trusted as far as `known` still fits. Answers how it looks. */
  watch(known: FileStamp | null): FileStamp {
    this.#stamp = this.#look()
    if (sameStamp(known, this.#stamp)) this.#bits.fill()
    else this.#bits.clear()
    return this.#stamp
  }

  /** As `watch`, when every byte has just been verified. */
  watchVerified(): FileStamp {
    return this.watch(this.#look())
  }

  /** From now on as a partial blob's file. */
  unwatch(): void {
    this.#stamp = null
  }

  /** The file's change time moved for a known reason. */
  restamp(stamp: FileStamp): void {
    this.#stamp = stamp
  }

  add(index: number): void {
    this.#bits.set(index)
  }

  clear(): void {
    this.#bits.clear()
  }

  /** How the watched file looks now, null for a partial blob. When it changed, nothing is trusted any more. */
  check(): FileStamp | null {
    if (this.#stamp === null) return null
    const now = this.#look()
    if (!sameStamp(this.#stamp, now)) {
      this.#stamp = now
      this.#bits.clear()
    }
    return now
  }

  /** Whether what was read after `check` answered `before` came from the same file content. */
  isUnchanged(before: FileStamp | null): boolean {
    if (before === null || this.#stamp === null) return before === this.#stamp
    return sameStamp(before, this.#look())
  }

  async verify(index: number): Promise<boolean> {
    if (this.#bits.has(index)) return true
    const before = this.#stamp === null ? null : this.#look()
    const right = await this.#hash(index)
    if (right && (before === null || sameStamp(before, this.#look()))) this.#bits.set(index)
    return right
  }

  /** Indexes whose bytes do not verify. */
  async findBad(held: Bitfield, signal?: AbortSignal): Promise<number[]> {
    const bad: number[] = []
    for (let index = 0; index < this.#manifest.chunks.length; index++) {
      signal?.throwIfAborted()
      if (held.has(index) && !(await this.verify(index))) bad.push(index)
    }
    return bad
  }

  #look(): FileStamp {
    return stampOfOpenFile(this.#fd(), this.#epoch)
  }
}
