import { VigoError } from '#node/kit'

/**
 * - `unreachable`: no address answered, or the gate on either side refused
 * - `not-a-member`: our own gate refuses that peer
 * - `reset`: the other side dropped the stream
 * - `malformed`: bytes that the protocol does not allow
 * - `too-large`: a frame above the protocol's limit
 * - `closed`: we closed the stream or the host
 */
export type HostErrorCode = 'unreachable' | 'not-a-member' | 'reset' | 'malformed' | 'too-large' | 'closed'

export class HostError extends VigoError<HostErrorCode> {}
