import { VigoError } from '#node/kit'

/**
 * - `rate-limited`: too many wrong tokens from one address; wait
 * - `bad-settings`: `api:` of server.yaml is wrong; the message names the key
 * - `bad-certificate`: the certificate or its key cannot be read or do not fit
 * - `cannot-listen`: the address is taken, or is none of this machine
 * - `forbidden`: the request is for another host, or comes from a page of another site
 * - `unknown-token`: no API token has that id or name
 * - `exists`: an API token has that name already
 * - `too-many-tokens`: there is no room for another one
 */
export type HttpErrorCode =
  | 'rate-limited'
  | 'bad-settings'
  | 'bad-certificate'
  | 'cannot-listen'
  | 'forbidden'
  | 'unknown-token'
  | 'exists'
  | 'too-many-tokens'

export class HttpError extends VigoError<HttpErrorCode> {}
