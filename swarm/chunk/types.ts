/** SHA-256 in lower-case hex. */
export type Sha256Hex = string

/** One content-defined piece of a blob. */
export interface ChunkRef {
  readonly sha: Sha256Hex
  readonly offset: number
  readonly length: number
}

/**
 * The chunks of one blob in order. `hash` is the SHA-256 of the manifest's own bytes, the `chunks` field of a catalog
 * entry: with it every chunk can be verified before the blob is complete.
 */
export interface Manifest {
  readonly hash: Sha256Hex
  readonly blob: Sha256Hex
  readonly sizeBytes: number
  readonly chunks: readonly ChunkRef[]
  /** The exact bytes that `hash` covers. */
  readonly bytes: Uint8Array
}
