import { VigoError } from '#node/kit'

/**
 * - `unreachable`: no address answered, or the gate on either side refused
 * - `not-a-member`: our own gate refuses that peer
 * - `unsupported`: the other side does not serve the protocol
 * - `reset`: the other side dropped the stream
 * - `malformed`: bytes that the protocol does not allow
 * - `too-large`: a frame above the protocol's limit
 * - `closed`: we closed the stream or the host
 */
export type HostErrorCode =
  | 'unreachable'
  | 'not-a-member'
  | 'unsupported'
  | 'reset'
  | 'malformed'
  | 'too-large'
  | 'closed'

export class HostError extends VigoError<HostErrorCode> {}
