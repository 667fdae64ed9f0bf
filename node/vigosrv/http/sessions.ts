import { randomBytes } from 'node:crypto'
import { type Clock, sha256Hex } from '#node/kit'
import type { ApiToken } from './tokens.ts'

const IDLE_MS = 3600e3
const LIFE_MS = 8 * 3600e3
const MAX_SESSIONS = 1000

interface Open {
  readonly token: ApiToken
  readonly since: number
  usedAt: number
}

/** Sessions of browsers, in memory: a restart ends them all. They are kept by the hash of what the cookie carries. */
export class Sessions {
  readonly #clock: Clock
  readonly #isGood: (token: string) => boolean
  readonly #open = new Map<string, Open>()

  /** `isGood` says of a token's id whether it still is. */
  constructor(clock: Clock, isGood: (token: string) => boolean) {
    this.#clock = clock
    this.#isGood = isGood
  }

  /** What the cookie carries. The oldest session ends when there are too many. */
  start(token: ApiToken): string {
    const value = randomBytes(32).toString('base64url')
    const now = this.#clock.monotonicMs()
    this.#open.set(sha256Hex(value), { token, since: now, usedAt: now })
    if (this.#open.size > MAX_SESSIONS) {
      const [oldest] = this.#open.keys()
      if (oldest !== undefined) this.#open.delete(oldest)
    }
    return value
  }

  tokenOf(value: string): ApiToken | null {
    const key = sha256Hex(value)
    const session = this.#open.get(key)
    if (session === undefined) return null
    const now = this.#clock.monotonicMs()
    if (now - session.usedAt > IDLE_MS || now - session.since > LIFE_MS || !this.#isGood(session.token.id)) {
      this.#open.delete(key)
      return null
    }
    session.usedAt = now
    return session.token
  }

  end(value: string): void {
    this.#open.delete(sha256Hex(value))
  }
}
