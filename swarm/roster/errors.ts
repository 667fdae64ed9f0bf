import { VigoError } from '#node/kit'

/**
 * - `token-refused`: the join token does not let this host in
 * - `rate-limited`: too many wrong tokens; wait
 * - `hostname-taken`: a live member has this host name
 * - `unknown-member`, `ambiguous-member`: a reference that names nobody, or several
 * - `malformed`: a join URL or message of the wrong form
 * - `unreachable`: no address of a join URL answered
 * - `usage`: a value that makes no sense
 */
export type RosterErrorCode =
  | 'token-refused'
  | 'rate-limited'
  | 'hostname-taken'
  | 'unknown-member'
  | 'ambiguous-member'
  | 'malformed'
  | 'unreachable'
  | 'usage'

export class RosterError extends VigoError<RosterErrorCode> {}
