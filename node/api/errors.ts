import { codeOf, messageOf, VigoError } from '#node/kit'
import type { ErrorBody } from './contract.ts'

/**
 * - `unauthorized`, `forbidden`: the caller has not said who they are, or may not do this
 * - `bad-request`: a field is missing or of the wrong form
 * - `not-found`: no such route
 * - `not-running`: nobody listens on the socket
 * - `broken-answer`: the other side ended in the middle of an answer
 */
export type ApiErrorCode = 'unauthorized' | 'forbidden' | 'bad-request' | 'not-found' | 'not-running' | 'broken-answer'

export class ApiError extends VigoError<ApiErrorCode> {}

/** A failure that another process reported, with its code and sentence. */
export class RemoteError extends VigoError {}

/** Exit codes of every program: 0 done, 1 failed, 2 wrong use, 3 not found, 4 refused, 5 unavailable, 130 interrupted. */
export const exitCodes = { failed: 1, usage: 2, notFound: 3, refused: 4, unavailable: 5, interrupted: 130 } as const

/** What an error code means over HTTP and to a shell. Codes that are not listed are 500 and 1. */
const meanings: Readonly<Record<string, readonly [status: number, exit: number]>> = {
  'bad-request': [400, exitCodes.usage],
  usage: [400, exitCodes.usage],
  malformed: [400, exitCodes.usage],
  'not-canonical': [400, exitCodes.usage],
  'bad-settings': [400, exitCodes.usage],
  unauthorized: [401, exitCodes.refused],
  forbidden: [403, exitCodes.refused],
  'not-entitled': [403, exitCodes.refused],
  'bad-signature': [403, exitCodes.refused],
  'token-refused': [403, exitCodes.refused],
  locked: [403, exitCodes.refused],
  'wrong-passphrase': [403, exitCodes.refused],
  'not-found': [404, exitCodes.notFound],
  'unknown-artifact': [404, exitCodes.notFound],
  'unknown-version': [404, exitCodes.notFound],
  'unknown-tag': [404, exitCodes.notFound],
  'unknown-platform': [404, exitCodes.notFound],
  'unknown-puddle': [404, exitCodes.notFound],
  'unknown-member': [404, exitCodes.notFound],
  missing: [404, exitCodes.notFound],
  'not-enrolled': [409, exitCodes.refused],
  'already-enrolled': [409, exitCodes.refused],
  'already-running': [409, exitCodes.refused],
  exists: [409, exitCodes.refused],
  ambiguous: [409, exitCodes.refused],
  'ambiguous-member': [409, exitCodes.refused],
  conflict: [409, exitCodes.refused],
  changed: [409, exitCodes.failed],
  'not-uploaded': [409, exitCodes.failed],
  'hostname-taken': [409, exitCodes.refused],
  'too-large': [413, exitCodes.refused],
  'rate-limited': [429, exitCodes.refused],
  incomplete: [503, exitCodes.unavailable],
  unreachable: [503, exitCodes.unavailable],
  'not-running': [503, exitCodes.unavailable],
  'broken-answer': [502, exitCodes.unavailable],
  deadline: [504, exitCodes.unavailable],
  'bad-freeze': [400, exitCodes.usage],
  'bad-reason': [400, exitCodes.usage],
  'no-permission': [403, exitCodes.refused],
  frozen: [403, exitCodes.refused],
  'no-folder': [404, exitCodes.notFound],
  'no-release': [404, exitCodes.notFound],
  'no-environment': [404, exitCodes.notFound],
  'no-variable': [404, exitCodes.notFound],
  'already-live': [409, exitCodes.refused],
  busy: [503, exitCodes.unavailable],
  'disk-full': [507, exitCodes.failed],
}

export function statusOf(error: unknown): number {
  return meanings[codeOf(error) ?? '']?.[0] ?? 500
}

export function exitCodeOf(error: unknown): number {
  return meanings[codeOf(error) ?? '']?.[1] ?? exitCodes.failed
}

/** What a caller is told. An error that is not ours keeps its details to the log. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof VigoError) {
    const details = Object.keys(error.context).length > 0 ? { details: error.context } : {}
    return { code: error.code, message: error.message, ...details }
  }
  return { code: codeOf(error) ?? 'internal', message: messageOf(error) }
}
