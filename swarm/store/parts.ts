import type { Clock, KeyedMutex, Logger } from '#node/kit'
import type { Sha256Hex } from '#swarm/chunk'
import type { BlobIndex } from './blob-index.ts'
import type { DiskSpace } from './disk-space.ts'
import type { Places } from './places.ts'
import type { BufferPool } from './types.ts'
import type { WorkerPool } from './workers.ts'

export interface StoreChange {
  readonly type: 'complete' | 'removed'
  readonly sha: Sha256Hex
}

/** What the rooms of the file store share. */
export interface Parts {
  readonly index: BlobIndex
  readonly places: Places
  readonly workers: WorkerPool
  readonly buffers: BufferPool
  readonly space: DiskSpace
  readonly log: Logger
  readonly clock: Clock
  /** Unclean ends so far; part of every stamp. */
  readonly epoch: number
  /** One change of a blob's row or place at a time. */
  readonly locks: KeyedMutex
  readonly changed: (change: StoreChange) => void
}
