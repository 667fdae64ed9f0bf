import type { Level } from 'level'
import type { Clock } from '#node/kit'
import { type Authentication, type Session, sessionIn } from './authentication.ts'
import { HttpError } from './errors.ts'
import { FailedLogins } from './failed-logins.ts'
import type { Principal } from './principal.ts'
import { Sessions } from './sessions.ts'
import { type ApiToken, ApiTokens, principalOf } from './tokens.ts'

/** Tokens and sessions as one question: who is it? */
export class Authenticator implements Authentication {
  readonly #tokens: ApiTokens
  readonly #sessions: Sessions
  readonly #failures: FailedLogins

  constructor(parts: { tokens: ApiTokens; sessions: Sessions; failures: FailedLogins }) {
    this.#tokens = parts.tokens
    this.#sessions = parts.sessions
    this.#failures = parts.failures
  }

  ofBearer(header: string | undefined, from: string): Principal | null {
    if (header === undefined) return null
    const [, token = ''] = /^Bearer +([^ ]{1,200})$/i.exec(header) ?? []
    const found = this.#check(token, from)
    return found === null ? null : principalOf(found, 'token')
  }

  ofCookie(header: string | undefined): Principal | null {
    const value = sessionIn(header)
    const token = value === null ? null : this.#sessions.tokenOf(value)
    return token === null ? null : principalOf(token, 'session')
  }

  login(token: string, from: string): Session | null {
    const found = this.#check(token.trim(), from)
    return found === null ? null : { principal: principalOf(found, 'session'), value: this.#sessions.start(found) }
  }

  logout(header: string | undefined): void {
    const value = sessionIn(header)
    if (value !== null) this.#sessions.end(value)
  }

  #check(token: string, from: string): ApiToken | null {
    const found = this.#tokens.check(token)
    if (found === null && this.#failures.note(from)) {
      throw new HttpError('rate-limited', 'too many wrong tokens from this address; wait five minutes')
    }
    return found
  }
}

/** Tokens as the database has them, and no sessions yet. */
export async function openAuthentication(
  db: Level,
  clock: Clock,
): Promise<{ readonly authentication: Authentication; readonly apiTokens: ApiTokens }> {
  const apiTokens = await ApiTokens.open(db, clock)
  const sessions = new Sessions(clock, id => apiTokens.isGood(id))
  const authentication = new Authenticator({ tokens: apiTokens, sessions, failures: new FailedLogins(clock) })
  return { authentication, apiTokens }
}
