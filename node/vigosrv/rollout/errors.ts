import { VigoError } from '#node/kit'

/**
 * - `bad-request`: a selector that is neither a share, a number nor a glob
 * - `busy`: another release is announced or staged
 * - `no-canaries`: no host of the fleet matches the selector
 * - `no-base`: nothing is live that the other hosts could keep
 * - `not-staged`: there is nothing to promote or stop
 * - `superseded`: another release has gone live meanwhile
 * - `not-valid`: the release to go back to is not valid any more
 */
export type RolloutErrorCode =
  | 'bad-request'
  | 'busy'
  | 'no-canaries'
  | 'no-base'
  | 'not-staged'
  | 'superseded'
  | 'not-valid'

export class RolloutError extends VigoError<RolloutErrorCode> {}
