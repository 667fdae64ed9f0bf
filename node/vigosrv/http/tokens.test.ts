import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '#node/kit'
import { noSessionCookie, sessionCookie, sessionIn } from './authentication.ts'
import { Authenticator } from './authenticator.ts'
import { FailedLogins } from './failed-logins.ts'
import { Sessions } from './sessions.ts'
import { ApiTokens } from './tokens.ts'

const HOUR_MS = 3600e3

let folder: string
let db: Level
let now: number
let clock: Clock
let tokens: ApiTokens
let auth: Authenticator
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vt-'))
  db = new Level(folder)
  now = 1_800_000_000_000
  clock = { now: () => now, monotonicMs: () => now, sleep: async () => undefined }
  tokens = await ApiTokens.open(db, clock)
  auth = authenticator(tokens)
})
afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

function authenticator(known: ApiTokens): Authenticator {
  const sessions = new Sessions(clock, id => known.isGood(id))
  return new Authenticator({ tokens: known, sessions, failures: new FailedLogins(clock) })
}

const make = (name = 'ci', ttlMs: number | null = HOUR_MS) =>
  tokens.create({ name, role: 'operator', ttlMs, by: 'root' })

describe('API tokens', () => {
  test('are 32 random bytes, of which the database has only a hash', async () => {
    const { token, row } = await make()
    expect(token).toMatch(/^vgot_[A-Za-z0-9_-]{43}$/)
    expect(row).not.toHaveProperty('hash')
    const stored = JSON.stringify(await db.iterator().all())
    expect(stored).toContain(row.id)
    expect(stored).not.toContain(token.slice(5, 20))
    expect(auth.ofBearer(`Bearer ${token}`, 'here')).toEqual({ name: 'ci', role: 'operator', via: 'token' })
  })

  test('are good after a restart, and know when they were used', async () => {
    const { token, row } = await make()
    now += 1000
    expect(auth.ofBearer(`Bearer ${token}`, 'here')).not.toBeNull()
    const again = await ApiTokens.open(db, clock)
    expect(again.check(token)).toMatchObject({ id: row.id, name: 'ci' })
    expect(tokens.list()[0]?.lastUsedAt).toBe(now)
  })

  test('end when they expire, and when they are revoked by id or name', async () => {
    const { token } = await make()
    const endless = await make('endless', null)
    now += HOUR_MS
    expect(tokens.check(token)).toBeNull()
    expect(tokens.check(endless.token)).not.toBeNull()
    await tokens.revoke('endless')
    expect(tokens.check(endless.token)).toBeNull()
    await expect(tokens.revoke('endless')).rejects.toMatchObject({ code: 'unknown-token' })
    expect((await ApiTokens.open(db, clock)).check(endless.token)).toBeNull()
    now += 91 * 24 * HOUR_MS
    expect((await ApiTokens.open(db, clock)).list().map(({ name }) => name)).toEqual(['ci'])
  })

  test('have one name each, which is free again after the end of one', async () => {
    const first = await make()
    await expect(make()).rejects.toMatchObject({ code: 'exists' })
    await tokens.revoke(first.row.id)
    const second = await make()
    expect(second.row.id).not.toBe(first.row.id)
    expect(await Promise.allSettled([make('x'), make('x')])).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected' },
    ])
  })

  test.each([
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'Bearer vgot_',
    `Bearer vgot_${'A'.repeat(43)}`,
    `Bearer vgot_${'A'.repeat(44)}`,
    `Bearer ${'0'.repeat(64)}`,
    `Bearer vgot_${'é'.repeat(43)}`,
    'x'.repeat(10_000),
  ])('are not %j', async header => {
    await make()
    expect(auth.ofBearer(header, 'here')).toBeNull()
  })

  test('that are wrong too often are not looked at any more, but good ones from there are', async () => {
    const { token } = await make()
    const wrong = `Bearer vgot_${'A'.repeat(43)}`
    for (let at = 0; at < 20; at++) expect(auth.ofBearer(wrong, 'there')).toBeNull()
    expect(() => auth.ofBearer(wrong, 'there')).toThrow(/too many wrong tokens/)
    expect(() => auth.login('nonsense', 'there')).toThrow(/too many wrong tokens/)
    expect(auth.ofBearer(wrong, 'elsewhere')).toBeNull()
    expect(auth.ofBearer(`Bearer ${token}`, 'there')).not.toBeNull()
    now += 6 * 60_000
    expect(auth.ofBearer(wrong, 'there')).toBeNull()
  })
})

describe('sessions of browsers', () => {
  const cookie = (value: string) => `theme=dark; ${sessionCookie(value, { isSecure: true }).split(';')[0]}; x=y`

  test('are opened with a token, and closed', async () => {
    const { token } = await make()
    const session = auth.login(` ${token}\n`, 'here')
    expect(session?.principal).toEqual({ name: 'ci', role: 'operator', via: 'session' })
    const header = cookie(session?.value ?? '')
    expect(auth.ofCookie(header)).toEqual(session?.principal)
    expect(auth.ofCookie(cookie(token))).toBeNull()
    auth.logout(header)
    expect(auth.ofCookie(header)).toBeNull()
    expect(auth.login('vgot_nonsense', 'here')).toBeNull()
  })

  test('end with their token, after an hour of nothing, and after eight hours', async () => {
    const { row, token } = await make('ci', null)
    const open = () => cookie(auth.login(token, 'here')?.value ?? '')
    const idle = open()
    now += HOUR_MS + 1
    expect(auth.ofCookie(idle)).toBeNull()
    const busy = open()
    for (let hours = 0; hours < 8; hours += 0.5) {
      expect(auth.ofCookie(busy)).not.toBeNull()
      now += HOUR_MS / 2
    }
    now += 1
    expect(auth.ofCookie(busy)).toBeNull()
    const last = open()
    await tokens.revoke(row.id)
    expect(auth.ofCookie(last)).toBeNull()
  })

  test('travel in cookies that no script and no other site gets', () => {
    expect(sessionCookie('v', { isSecure: true })).toBe('vigo_session=v; Path=/; HttpOnly; SameSite=Strict; Secure')
    expect(noSessionCookie({ isSecure: false })).toBe('vigo_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict')
    expect([sessionIn(undefined), sessionIn('a=b'), sessionIn('vigo_session'), sessionIn('vigo_session=v')]).toEqual([
      null,
      null,
      null,
      'v',
    ])
  })
})
