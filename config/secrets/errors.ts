import { VigoError } from '#node/kit'

/**
 * - `bad-secret-path`: a path that no secret can have
 * - `bad-secret-value`: nothing, too much, or no text
 * - `unknown-secret`: there is no secret of that path
 * - `no-master-key`: secrets were not set up here
 * - `unsafe-secrets`: others may read or change the master key or the folder; nothing is used until that is mended
 * - `damaged-secret`: a file that is not what was written, belongs to another path, or was sealed with another key
 * - `exists`: a path that lies below a secret, or above secrets
 * - `busy`: another process is changing secrets
 * - `no-permission`, `disk-full`: what the operating system said
 */
export type SecretsErrorCode =
  | 'bad-secret-path'
  | 'bad-secret-value'
  | 'unknown-secret'
  | 'no-master-key'
  | 'unsafe-secrets'
  | 'damaged-secret'
  | 'exists'
  | 'busy'
  | 'no-permission'
  | 'disk-full'

export class SecretsError extends VigoError<SecretsErrorCode> {}
