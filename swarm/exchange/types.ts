import type { PeerId } from '#node/host'
import type { BlobDescriptor } from '#swarm/store'

/** Brings blobs here from whoever has them, and gives what this machine has to whoever asks. */
export interface Exchange {
  /**
   * Fetches one blob to the store, verified, from several members at once, reusing local chunks first. Several calls for one
   * blob share one transfer. Resolves when the blob is complete and durable.
   * @throws ExchangeError 'incomplete' (what is missing and why each source failed), 'disk-full', 'aborted', 'mismatch'
   */
  fetch(blob: BlobDescriptor, options?: FetchOptions): Promise<FetchReport>
  /** Transfers under way, with the reason for waiting if one stands still. */
  transfers(): TransferStatus[]
  /** Bytes of blobs since the start, with those of transfers under way. */
  totals(): { readonly bytesFetched: number; readonly bytesServed: number }
  close(): Promise<void>
}

export interface FetchOptions {
  signal?: AbortSignal | undefined
  /** `replica` yields to `pull` and obeys the replica bandwidth limit. */
  priority?: 'pull' | 'replica'
  /** Members worth asking first. */
  hints?: readonly PeerId[]
  onProgress?: (progress: FetchProgress) => void
  /** Give up when no byte arrived for this long and no source is left. Default 30 s. */
  stallMs?: number
}

export interface FetchProgress {
  readonly blob: BlobDescriptor
  readonly phase: 'discover' | 'manifest' | 'transfer' | 'verify' | 'done'
  readonly bytesTotal: number
  /** Held at the start or copied from other local blobs. */
  readonly bytesReused: number
  readonly bytesFetched: number
  readonly bytesPerSecond: number
  readonly secondsLeft: number | null
  /** Bytes by source. */
  readonly sources: Readonly<Record<PeerId, number>>
  /** Why nothing moves, when nothing does. */
  readonly waitingFor?: string
}

export interface FetchReport {
  readonly bytesFetched: number
  readonly bytesReused: number
  readonly durationMs: number
  readonly sources: Readonly<Record<PeerId, number>>
}

export interface TransferStatus extends FetchProgress {
  readonly priority: 'pull' | 'replica'
  readonly startedAt: number
}
