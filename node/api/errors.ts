import { codeOf, messageOf, VigoError } from '#node/kit'
import type { ErrorBody } from './contract.ts'

/**
 * - `unauthorized`, `forbidden`: the caller has not said who they are, or may not do this
 * - `bad-request`: a field is missing or of the wrong form
 * - `unsupported-type`: the body is not JSON
 * - `too-large`: the body or a header is longer than is read
 * - `not-found`: no such route
 * - `no-method`: the route has other methods; they are in the header `Allow`
 * - `too-slow`: the request did not arrive in time
 * - `internal`: a fault of the server; its log has more
 * - `not-running`: nobody listens on the socket or address
 * - `broken-answer`: the other side ended in the middle of an answer, or is no daemon of ours
 * - `wrong-certificate`: the server is not the one that is trusted
 */
export type ApiErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'bad-request'
  | 'unsupported-type'
  | 'too-large'
  | 'not-found'
  | 'no-method'
  | 'too-slow'
  | 'internal'
  | 'not-running'
  | 'broken-answer'
  | 'wrong-certificate'

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
  'bad-objects': [400, exitCodes.usage],
  'not-canonical': [400, exitCodes.usage],
  'bad-settings': [400, exitCodes.usage],
  'unsupported-type': [415, exitCodes.usage],
  'no-method': [405, exitCodes.usage],
  'too-slow': [408, exitCodes.unavailable],
  'wrong-certificate': [502, exitCodes.refused],
  unauthorized: [401, exitCodes.refused],
  forbidden: [403, exitCodes.refused],
  'wrong-fleet': [409, exitCodes.refused],
  'not-a-member': [403, exitCodes.refused],
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
  'unknown-token': [404, exitCodes.notFound],
  'unknown-task': [404, exitCodes.notFound],
  'unknown-run': [404, exitCodes.notFound],
  missing: [404, exitCodes.notFound],
  'unknown-project': [404, exitCodes.notFound],
  'not-held': [404, exitCodes.notFound],
  'not-enrolled': [409, exitCodes.refused],
  'already-enrolled': [409, exitCodes.refused],
  'already-running': [409, exitCodes.refused],
  exists: [409, exitCodes.refused],
  ambiguous: [409, exitCodes.refused],
  'ambiguous-project': [409, exitCodes.refused],
  diverged: [409, exitCodes.refused],
  refused: [409, exitCodes.refused],
  'ambiguous-member': [409, exitCodes.refused],
  conflict: [409, exitCodes.refused],
  changed: [409, exitCodes.failed],
  'not-uploaded': [409, exitCodes.failed],
  'hostname-taken': [409, exitCodes.refused],
  'too-large': [413, exitCodes.refused],
  'rate-limited': [429, exitCodes.refused],
  unavailable: [503, exitCodes.unavailable],
  incomplete: [503, exitCodes.unavailable],
  unreachable: [503, exitCodes.unavailable],
  'not-running': [503, exitCodes.unavailable],
  'broken-answer': [502, exitCodes.unavailable],
  deadline: [504, exitCodes.unavailable],
  'bad-anchor': [400, exitCodes.usage],
  'bad-secret-path': [400, exitCodes.usage],
  'bad-secret-value': [400, exitCodes.usage],
  'unknown-secret': [404, exitCodes.notFound],
  'no-master-key': [409, exitCodes.refused],
  'unsafe-secrets': [403, exitCodes.refused],
  'bad-policy': [409, exitCodes.failed],
  'bad-freeze': [400, exitCodes.usage],
  'bad-reason': [400, exitCodes.usage],
  'no-permission': [403, exitCodes.refused],
  frozen: [403, exitCodes.refused],
  'no-folder': [404, exitCodes.notFound],
  'no-release': [404, exitCodes.notFound],
  'no-environment': [404, exitCodes.notFound],
  'no-variable': [404, exitCodes.notFound],
  'already-live': [409, exitCodes.refused],
  'changed-meanwhile': [409, exitCodes.failed],
  dangerous: [403, exitCodes.refused],
  'no-hosts': [404, exitCodes.notFound],
  'no-canaries': [404, exitCodes.notFound],
  'already-ended': [409, exitCodes.refused],
  'no-base': [409, exitCodes.refused],
  'not-staged': [409, exitCodes.refused],
  superseded: [409, exitCodes.refused],
  'not-valid': [409, exitCodes.failed],
  'too-many-tokens': [409, exitCodes.refused],
  'too-many-tasks': [429, exitCodes.refused],
  'no-token': [401, exitCodes.usage],
  'bad-certificate': [500, exitCodes.failed],
  'cannot-listen': [500, exitCodes.failed],
  'not-recorded': [500, exitCodes.failed],
  standalone: [409, exitCodes.refused],
  'already-spanner': [409, exitCodes.refused],
  'not-founder': [403, exitCodes.refused],
  'not-diverged': [409, exitCodes.refused],
  'unknown-head': [404, exitCodes.notFound],
  moved: [409, exitCodes.refused],
  'bad-release': [409, exitCodes.failed],
  'not-live': [409, exitCodes.failed],
  'clock-ahead': [409, exitCodes.refused],
  'unknown-bolt': [404, exitCodes.notFound],
  'unknown-envoy': [404, exitCodes.notFound],
  'ambiguous-bolt': [409, exitCodes.refused],
  'ambiguous-envoy': [409, exitCodes.refused],
  'last-bolt': [409, exitCodes.refused],
  'not-taken': [409, exitCodes.failed],
  'bad-pattern': [400, exitCodes.usage],
  'not-answering': [503, exitCodes.unavailable],
  'bad-snapshot': [400, exitCodes.usage],
  busy: [503, exitCodes.unavailable],
  'disk-full': [507, exitCodes.failed],
}

/** Codes that mean an HTTP status, for the documentation. */
export function codesOfStatus(status: number): string[] {
  return Object.entries(meanings)
    .filter(([, [its]]) => its === status)
    .map(([code]) => code)
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
