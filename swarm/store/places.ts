import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { privateFolder, syncFolder } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'

export const INGEST_PREFIX = '.ingest-'

/** Where the store's files are. */
export class Places {
  readonly blobs: string
  readonly partial: string

  constructor(folder: string) {
    this.blobs = join(folder, 'blobs')
    this.partial = join(folder, 'partial')
  }

  async create(): Promise<void> {
    await privateFolder(dirname(this.blobs))
    await privateFolder(this.blobs)
    await privateFolder(this.partial)
    await syncFolder(dirname(this.blobs))
  }

  blob(sha: Sha256Hex): string {
    return join(this.blobs, sha.slice(0, 2), sha)
  }

  partialOf(sha: Sha256Hex): string {
    return join(this.partial, sha)
  }

  newIngest(): string {
    return join(this.partial, `${INGEST_PREFIX}${randomBytes(8).toString('hex')}`)
  }

  /** The folder of a complete blob, made durable when it is new. */
  async createBlobFolder(sha: Sha256Hex): Promise<void> {
    const folder = dirname(this.blob(sha))
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(this.blobs)
  }
}
