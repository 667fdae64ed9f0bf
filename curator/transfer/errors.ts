import { VigoError } from '#node/kit'

/**
 * - `forbidden`: this user or this machine may not publish
 * - `too-large`: above `swarm.curator.max_bytes`
 * - `disk-full`: no room for the bytes
 * - `not-uploaded`: an entry names bytes that this machine does not hold
 * - `usage`: a request that makes no sense
 */
export type CuratorErrorCode = 'forbidden' | 'too-large' | 'disk-full' | 'not-uploaded' | 'usage'

export class CuratorError extends VigoError<CuratorErrorCode> {}
