import { VigoError } from '#node/kit'

/**
 * - `usage`: the address or the fingerprint of the server is none, or a file that was named cannot be read
 * - `no-token`: a server was named and no token for it
 */
export class ConnectionError extends VigoError<'usage' | 'no-token'> {}
