import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Level } from 'level'
import { type Clock, fromHex, KeyedMutex, sha256, toHex } from '#node/kit'
import { HttpError } from './errors.ts'
import type { Principal, Role } from './principal.ts'

/** An API token without its secret. */
export interface ApiToken {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

interface StoredToken extends ApiToken {
  /** SHA-256 of the token's 32 bytes, hex. */
  readonly hash: string
}

const PREFIX = 'vgot_'
const FORM = /^vgot_([A-Za-z0-9_-]{43})$/
/** Each request is compared with all of them. */
const MAX_TOKENS = 500
const KEEP_REVOKED_MS = 90 * 86_400e3
/** How stale `lastUsedAt` on disk may be. */
const USE_GRAIN_MS = 60_000

/**
 * API tokens: `vgot_` and 32 random bytes in base64url. The database has their hashes only; rows are in memory, so that asking who
 * somebody is reads no disk.
 */
export class ApiTokens {
  readonly #section
  readonly #clock: Clock
  readonly #rows: Map<string, StoredToken>
  readonly #mutex = new KeyedMutex()

  private constructor(section: ReturnType<typeof sectionOf>, rows: Map<string, StoredToken>, clock: Clock) {
    this.#section = section
    this.#rows = rows
    this.#clock = clock
  }

  static async open(db: Level, clock: Clock): Promise<ApiTokens> {
    const section = sectionOf(db)
    const rows = new Map<string, StoredToken>()
    for await (const row of section.values()) {
      const isOld = row.revokedAt !== null && row.revokedAt < clock.now() - KEEP_REVOKED_MS
      if (isOld) await section.del(row.id)
      else rows.set(row.id, row)
    }
    return new ApiTokens(section, rows, clock)
  }

  /** The token itself is in the answer and nowhere else. @throws HttpError 'exists', 'too-many-tokens' */
  async create(request: {
    name: string
    role: Role
    ttlMs: number | null
    by: string
  }): Promise<{ token: string; row: ApiToken }> {
    return this.#mutex.run('create', async () => {
      const { name, role, ttlMs, by } = request
      if (this.list().some(row => row.name === name && this.#isGood(row))) {
        throw new HttpError('exists', `there is a token '${name}' already; revoke it first, or choose another name`)
      }
      if (this.#rows.size >= MAX_TOKENS) {
        throw new HttpError('too-many-tokens', `there are ${MAX_TOKENS} tokens; revoked ones go after 90 days`)
      }
      const secret = randomBytes(32)
      const createdAt = this.#clock.now()
      const row: StoredToken = {
        id: toHex(randomBytes(8)),
        name,
        role,
        createdAt,
        createdBy: by,
        expiresAt: ttlMs === null ? null : createdAt + ttlMs,
        lastUsedAt: null,
        revokedAt: null,
        hash: toHex(sha256(secret)),
      }
      await this.#store(row)
      return { token: PREFIX + secret.toString('base64url'), row: publicRow(row) }
    })
  }

  /** The newest first. */
  list(): ApiToken[] {
    return [...this.#rows.values()].sort((a, b) => b.createdAt - a.createdAt).map(publicRow)
  }

  /** By id or name. @throws HttpError 'unknown-token' */
  async revoke(reference: string): Promise<ApiToken> {
    const meant = [...this.#rows.values()].filter(
      row => row.revokedAt === null && (row.id === reference || row.name === reference),
    )
    const found = meant.find(row => this.#isGood(row)) ?? meant[0]
    if (found === undefined) {
      throw new HttpError('unknown-token', `there is no API token '${reference}'; see vigocli token list`)
    }
    return this.#mutex.run(found.id, async () => {
      const row = { ...(this.#rows.get(found.id) ?? found), revokedAt: this.#clock.now() }
      await this.#store(row)
      return publicRow(row)
    })
  }

  /** Whose token it is; null for one that is unknown, expired or revoked. Takes the same time for all that have the form. */
  check(token: string): ApiToken | null {
    const [, text] = FORM.exec(token) ?? []
    if (text === undefined) return null
    const hash = sha256(new Uint8Array(Buffer.from(text, 'base64url')))
    let found: StoredToken | null = null
    for (const row of this.#rows.values()) if (timingSafeEqual(fromHex(row.hash), hash)) found = row
    if (found === null || !this.#isGood(found)) return null
    this.#noteUse(found)
    return found
  }

  /** Whether the token of a session is still good. */
  isGood(id: string): boolean {
    const row = this.#rows.get(id)
    return row !== undefined && this.#isGood(row)
  }

  #isGood({ revokedAt, expiresAt }: ApiToken): boolean {
    return revokedAt === null && (expiresAt === null || expiresAt > this.#clock.now())
  }

  #noteUse(row: StoredToken): void {
    const now = this.#clock.now()
    if (row.lastUsedAt !== null && Math.abs(now - row.lastUsedAt) < USE_GRAIN_MS) return
    this.#rows.set(row.id, { ...row, lastUsedAt: now })
    void this.#mutex
      .run(row.id, async () => {
        const current = this.#rows.get(row.id)
        if (current !== undefined) await this.#section.put(row.id, current)
      })
      // What is lost is when a token was used last, and the next use writes it.
      .catch(() => undefined)
  }

  async #store(row: StoredToken): Promise<void> {
    await this.#section.put(row.id, row, { sync: true } as object)
    this.#rows.set(row.id, row)
  }
}

export function principalOf({ name, role }: ApiToken, via: Principal['via']): Principal {
  return { name, role, via }
}

function sectionOf(db: Level) {
  return db.sublevel<string, StoredToken>('api-tokens', { valueEncoding: 'json' })
}

function publicRow({ hash: _hash, ...row }: StoredToken): ApiToken {
  return row
}
