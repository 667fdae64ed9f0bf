import { VigoError } from '#node/kit'

/**
 * - `rate-limited`: too many wrong tokens from one address; wait
 * - `bad-settings`: `api:` of server.yaml is wrong; the message names the key
 * - `forbidden`: the request is for another host, or comes from a page of another site
 * - `unknown-token`: no API token has that id
 * - `exists`: an API token has that name already
 */
export type HttpErrorCode = 'rate-limited' | 'bad-settings' | 'forbidden' | 'unknown-token' | 'exists'

export class HttpError extends VigoError<HttpErrorCode> {}
