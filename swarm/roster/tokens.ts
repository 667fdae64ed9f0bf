import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Level } from 'level'
import { type Clock, fromHex, KeyedMutex, matchesHost, sha256, toHex } from '#node/kit'
import { RosterError } from './errors.ts'
import type { Roster } from './roster.ts'
import type { Role } from './rows.ts'

/** A permission to enrol, minted by an operator. Only its hash is kept; the token itself is shown once. */
export interface JoinToken {
  readonly id: string
  /** What its bearer becomes. */
  readonly role: Role
  readonly pattern: string
  readonly expiresAt: number
  readonly usesLeft: number
  readonly createdAt: number
}

interface StoredToken extends JoinToken {
  readonly hash: string
}

export interface NewToken {
  /** Host names that it is good for. */
  readonly pattern: string
  readonly role: Role
  /** One day when not given, one hour for a bolt. */
  readonly ttlMs?: number
  /** Once when not given; a bolt's token is never good for more. */
  readonly uses?: number
}

const HOUR_MS = 3_600_000
const DEFAULT_TTL_MS: Readonly<Record<Role, number>> = { envoy: 24 * HOUR_MS, bolt: HOUR_MS }

/** Join tokens of one bolt: `<id>.<secret>`, 8 and 32 random bytes in hex. */
export class JoinTokens {
  readonly #options: JoinTokensOptions
  readonly #section
  readonly #clock: Clock
  readonly #mutex = new KeyedMutex()

  constructor(options: JoinTokensOptions) {
    this.#options = options
    this.#section = options.db.sublevel<string, StoredToken>('join-tokens', { valueEncoding: 'json' })
    this.#clock = options.clock
  }

  /** @throws RosterError 'usage' for values that make no sense, and where this bolt may not admit what the token is for */
  async create({ pattern, role, ttlMs = DEFAULT_TTL_MS[role], uses = 1 }: NewToken): Promise<CreatedToken> {
    if (uses < 1 || ttlMs <= 0) throw new RosterError('usage', 'a token needs at least one use and a time')
    if (role === 'bolt' && uses !== 1) {
      throw new RosterError('usage', 'a token for a server is good for one server; make one for each')
    }
    this.#requireEntitled(role)
    const id = toHex(randomBytes(8))
    const secret = randomBytes(32)
    const createdAt = this.#clock.now()
    const row: StoredToken = {
      id,
      role,
      pattern,
      createdAt,
      expiresAt: createdAt + ttlMs,
      usesLeft: uses,
      hash: toHex(sha256(secret)),
    }
    await this.#section.put(id, row, { sync: true } as object)
    return { token: `${id}.${toHex(secret)}`, row: publicRow(row) }
  }

  async list(): Promise<JoinToken[]> {
    const rows: JoinToken[] = []
    for await (const row of this.#section.values()) rows.push(publicRow(row))
    return rows
  }

  async revoke(id: string): Promise<boolean> {
    return this.#mutex.run(id, async () => {
      if ((await this.#section.get(id)) === undefined) return false
      await this.#section.del(id, { sync: true } as object)
      return true
    })
  }

  /**
   * Uses the token up by one for this newcomer, durably, then runs `admit`; a failing `admit` gives the use back.
   * @throws RosterError 'token-refused', with one message for every reason that a stranger should not tell apart
   */
  async consume<T>(token: string, newcomer: { hostname: string; role: Role }, admit: () => Promise<T>): Promise<T> {
    const { hostname, role } = newcomer
    const [id = '', secret = ''] = token.split('.')
    return this.#mutex.run(id, async () => {
      const row = /^[0-9a-f]{16}$/.test(id) ? await this.#section.get(id) : undefined
      const given = sha256(/^[0-9a-f]{64}$/.test(secret) ? fromHex(secret) : new Uint8Array())
      const valid = row !== undefined && timingSafeEqual(given, fromHex(row.hash))
      if (row === undefined || !valid || row.usesLeft < 1 || row.expiresAt <= this.#clock.now()) {
        throw new RosterError(
          'token-refused',
          'the join token is unknown, expired or used up; ask an operator for a new one (vigosrv token create)',
        )
      }
      if (row.role !== role) throw new RosterError('token-refused', WRONG_PROGRAMME[row.role])
      if (!matchesHost(row.pattern, hostname)) {
        throw new RosterError(
          'token-refused',
          `the join token is for hosts that match '${row.pattern}', not for '${hostname}'`,
        )
      }
      await this.#section.put(id, { ...row, usesLeft: row.usesLeft - 1 }, { sync: true } as object)
      try {
        return await admit()
      } catch (error) {
        await this.#section.put(id, row, { sync: true } as object)
        throw error
      }
    })
  }

  /** The roster of every member would refuse such an admission; who mints the token is told so at once. */
  #requireEntitled(role: Role): void {
    const { roster, self } = this.#options
    if (roster.mayAdmit(self, role)) return
    if (!roster.isBolt(self)) {
      throw new RosterError('usage', 'this server is no member of its fleet (any more); it can admit nobody')
    }
    const founder = roster.member(roster.fleetId)?.hostname ?? `with the key ${roster.fleetId}`
    throw new RosterError(
      'usage',
      `only the founding server admits servers; on ${founder}: vigosrv token create --role bolt`,
    )
  }
}

const WRONG_PROGRAMME: Readonly<Record<Role, string>> = {
  bolt: 'the join token is for a server; use it with vigosrv join <join-url>, or ask for one for an envoy (vigosrv token create)',
  envoy:
    'the join token is for an envoy; use it with vigo enroll <join-url>, or ask for one for a server (vigosrv token create --role bolt)',
}

export interface CreatedToken {
  /** Shown this once. */
  readonly token: string
  readonly row: JoinToken
}

export interface JoinTokensOptions {
  readonly db: Level
  readonly clock: Clock
  readonly roster: Roster
  /** Public key of the bolt that the tokens are of, in hex. */
  readonly self: string
}

function publicRow({ hash: _hash, ...row }: StoredToken): JoinToken {
  return row
}
