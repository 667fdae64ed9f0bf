import { VigoError } from '#node/kit'

/**
 * - `malformed`: bytes that are not a manifest or bitfield of this format
 * - `too-large`: more than the format allows
 */
export type ChunkErrorCode = 'malformed' | 'too-large'

export class ChunkError extends VigoError<ChunkErrorCode> {}
