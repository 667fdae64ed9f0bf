import { codeOf, messageOf, VigoError } from '#node/kit'
import { ApiError } from '../errors.ts'
import { SilentError } from './transport.ts'

const ABSENT = new Set(['ENOENT', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'])
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/

const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for other names',
}

/** What a failed call means for whoever made it; `what` is the daemon and `where` its socket or address. */
export function explain(error: unknown, what: string, where: string): unknown {
  if (error instanceof VigoError) return error
  const code = codeOf(error) ?? ''
  if (ABSENT.has(code)) {
    return new ApiError('not-running', `${what} is not running (nobody listens on ${where}); start it and try again`)
  }
  if (code === 'EACCES') {
    return new ApiError('forbidden', `you may not talk to ${what} (${where}); use the account that it runs under`)
  }
  if (UNTRUSTED.test(code)) {
    return new ApiError(
      'wrong-certificate',
      `the certificate of ${where} is not trusted: ${CERTIFICATE_FAULTS[code] ?? code}; give its authority with --ca, or its fingerprint with --fingerprint (on the server: vigocli server certificate)`,
    )
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return new ApiError('broken-answer', `${where} does not speak HTTPS as it should: ${messageOf(error)}`)
  }
  if (error instanceof SilentError) return new ApiError('broken-answer', `${what} (${where}) is silent; see its log`)
  if (BROKEN.has(code)) return new ApiError('broken-answer', `${what} closed the connection; see its log`)
  if (error instanceof SyntaxError)
    return new ApiError('broken-answer', `${where} answered with something else than JSON`)
  return error
}
