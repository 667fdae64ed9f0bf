import { statfs } from 'node:fs/promises'
import { formatSize } from '#node/kit'
import { StoreError } from './errors.ts'

export interface DiskSize {
  readonly freeBytes: number
  readonly sizeBytes: number
}

export async function diskSize(folder: string): Promise<DiskSize> {
  const { bsize, bavail, blocks } = await statfs(folder)
  return { freeBytes: bsize * bavail, sizeBytes: bsize * blocks }
}

/** Space that was promised to blobs which are still arriving, so that two of them are not promised the same bytes. */
export class DiskSpace {
  readonly #folder: string
  readonly #measure: (folder: string) => Promise<DiskSize>
  readonly #promised = new Map<object, number>()

  constructor(folder: string, measure: (folder: string) => Promise<DiskSize> = diskSize) {
    this.#folder = folder
    this.#measure = measure
  }

  size(): Promise<DiskSize> {
    return this.#measure(this.#folder)
  }

  /** @throws StoreError 'disk-full' when the disk cannot take `bytes` on top of what was promised */
  async reserve(owner: object, bytes: number): Promise<void> {
    const { freeBytes } = await this.size()
    let promised = 0
    for (const [other, amount] of this.#promised) if (other !== owner) promised += amount
    if (bytes > 0 && bytes > freeBytes - promised) {
      throw new StoreError(
        'disk-full',
        `${formatSize(bytes)} are needed below ${this.#folder} and ${formatSize(Math.max(0, freeBytes - promised))} are free; ` +
          `free some space (for example with 'vigo swarm curator gc') and try again`,
        { context: { neededBytes: bytes, freeBytes, promisedBytes: promised } },
      )
    }
    this.#promised.set(owner, bytes)
  }

  /** Bytes that have arrived count against the free space already. */
  arrived(owner: object, bytes: number): void {
    const rest = this.#promised.get(owner)
    if (rest !== undefined) this.#promised.set(owner, Math.max(0, rest - bytes))
  }

  release(owner: object): void {
    this.#promised.delete(owner)
  }
}
