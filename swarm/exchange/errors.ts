import { VigoError } from '#node/kit'

/**
 * - `incomplete`: no source is left and chunks are missing; the message says how much and why each source failed
 * - `disk-full`: the store could not take the bytes
 * - `aborted`: every caller's signal fired
 * - `mismatch`: the descriptor, its manifest and the bytes do not describe the same blob
 * - `malformed`: bytes that `/vigo/blobs/1` does not allow
 * - `closed`: this exchange was closed
 */
export type ExchangeErrorCode = 'incomplete' | 'disk-full' | 'aborted' | 'mismatch' | 'malformed' | 'closed'

export class ExchangeError extends VigoError<ExchangeErrorCode> {}
