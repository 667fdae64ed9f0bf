import { VigoError } from '#node/kit'

/**
 * - `disabled`: `ai.enabled` is not set
 * - `bad-settings`: an address, model or key that cannot be used
 * - `too-large`: the file, or the answer
 * - `refused`: the server does not take the key
 * - `not-found`: the server has no such address or model
 * - `busy`: the server has too much to do
 * - `failed`: the server says that it failed
 * - `unreachable`: no connection
 * - `timeout`: no answer, or none that went on, in time
 * - `bad-answer`: not the protocol, or cut off
 */
export type SuggestErrorCode =
  | 'disabled'
  | 'bad-settings'
  | 'too-large'
  | 'refused'
  | 'not-found'
  | 'busy'
  | 'failed'
  | 'unreachable'
  | 'timeout'
  | 'bad-answer'

export class SuggestError extends VigoError<SuggestErrorCode> {}
