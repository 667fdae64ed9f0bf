import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Level } from 'level'
import { type Clock, fromHex, KeyedMutex, matchesHost, sha256, toHex } from '#node/kit'
import { RosterError } from './errors.ts'

/** A permission to enrol, minted by an operator. Only its hash is kept; the token itself is shown once. */
export interface JoinToken {
  readonly id: string
  readonly pattern: string
  readonly expiresAt: number
  readonly usesLeft: number
  readonly createdAt: number
}

interface StoredToken extends JoinToken {
  readonly hash: string
}

/** Join tokens of one bolt: `<id>.<secret>`, 8 and 32 random bytes in hex. */
export class JoinTokens {
  readonly #section
  readonly #clock: Clock
  readonly #mutex = new KeyedMutex()

  constructor(db: Level, clock: Clock) {
    this.#section = db.sublevel<string, StoredToken>('join-tokens', { valueEncoding: 'json' })
    this.#clock = clock
  }

  async create(options: { pattern: string; ttlMs: number; uses: number }): Promise<{ token: string; row: JoinToken }> {
    if (options.uses < 1 || options.ttlMs <= 0)
      throw new RosterError('usage', 'a token needs at least one use and a time')
    const id = toHex(randomBytes(8))
    const secret = randomBytes(32)
    const createdAt = this.#clock.now()
    const row: StoredToken = {
      id,
      pattern: options.pattern,
      createdAt,
      expiresAt: createdAt + options.ttlMs,
      usesLeft: options.uses,
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
   * Uses the token up by one for this host name, durably, then runs `admit`; a failing `admit` gives the use back.
   * @throws RosterError 'token-refused', with one message for every reason that a stranger should not tell apart
   */
  async consume<T>(token: string, hostname: string, admit: () => Promise<T>): Promise<T> {
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
}

function publicRow({ hash: _hash, ...row }: StoredToken): JoinToken {
  return row
}
