import { VigoError } from '#node/kit'

/**
 * - `not-canonical`: the body's bytes are not the one canonical form of what they say
 * - `too-large`, `malformed`: outside the limits or the schema of the record kind
 * - `bad-signature`: the signature is not the named signer's
 * - `not-entitled`: the signer may not say this (no chain from the founder, not a bolt, wrong fleet)
 * - `superseded`: something newer of the same record was seen before; nothing to do
 */
export type RecordErrorCode =
  | 'not-canonical'
  | 'too-large'
  | 'malformed'
  | 'bad-signature'
  | 'not-entitled'
  | 'superseded'

/** A record that this machine refuses. The sentence names the record and the reason. */
export class RecordError extends VigoError<RecordErrorCode> {}
