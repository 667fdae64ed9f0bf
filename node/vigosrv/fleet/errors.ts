import { VigoError } from '#node/kit'

/**
 * - `unknown-member`, `ambiguous-member`: no envoy, or more than one, goes by that name
 * - `not-an-envoy`: a peer that is none opened a check-in stream
 * - `replaced`: the envoy opened another stream
 * - `silent`: nothing was heard of the envoy for a long time, or it does not read what it is sent
 * - `unknown-secret`: an envoy needs a secret that there is not
 * - `not-stored`: a run could not be written; the envoy repeats it
 * - `closed`: the server ends
 */
export class FleetError extends VigoError<
  | 'unknown-member'
  | 'ambiguous-member'
  | 'not-an-envoy'
  | 'replaced'
  | 'silent'
  | 'unknown-secret'
  | 'not-stored'
  | 'closed'
> {}
