import type { FastifyInstance } from 'fastify'
import type { Principal } from './principal.ts'

/**
 * Who asks over HTTP. Tokens are for programs, sessions for browsers: a session is opened with a token, lives in memory only, and ends
 * with its token, after eight hours, or after one hour without a request.
 */
export interface Authentication {
  /**
   * Who sends this `Authorization` header; null when it is missing, wrong, expired or revoked. `from` is the caller's address.
   * @throws HttpError 'rate-limited' instead of answering null, after too many wrong tokens from there
   */
  ofBearer(header: string | undefined, from: string): Principal | null
  /** Who sends this `Cookie` header, or null. */
  ofCookie(header: string | undefined): Principal | null
  /** Opens a session; null when the token is wrong, expired or revoked. @throws HttpError 'rate-limited' */
  login(token: string, from: string): Session | null
  /** Ends the session of this `Cookie` header; nothing happens without one. */
  logout(header: string | undefined): void
}

export interface Session {
  readonly principal: Principal
  /** For `sessionCookie`. */
  readonly value: string
}

/**
 * Adds pages to the HTTP server, in a scope of its own: hooks, parsers and error handlers stay with it. Every request that arrives has
 * passed the checks of `Host` and `Origin`; nothing is authenticated yet. Paths below `/api/` are not the mount's.
 */
export type Mount = (app: FastifyInstance) => void

const COOKIE = 'vigo_session'

/** Value of `Set-Cookie` after a login. `isSecure` on HTTPS (`request.protocol`). */
export function sessionCookie(value: string, options: { isSecure: boolean }): string {
  return `${COOKIE}=${value}; ${attributes(options)}`
}

/** Value of `Set-Cookie` after a logout. */
export function noSessionCookie(options: { isSecure: boolean }): string {
  return `${COOKIE}=; Max-Age=0; ${attributes(options)}`
}

/** The session in a `Cookie` header. */
export function sessionIn(header: string | undefined): string | null {
  for (const part of header?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2)
    if (name === COOKIE && value !== undefined) return value
  }
  return null
}

function attributes({ isSecure }: { isSecure: boolean }): string {
  return `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
}
