import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identityFromSeed } from '#node/host'
import { fromHex, silentLogger, systemClock, toHex } from '#node/kit'
import type { Signer } from '#swarm/record'
import { admit, bolt, fleetId, founder, hex, key, openRoster, revoke, stranger } from './fixture.ts'
import {
  acceptAdmission,
  EnrolmentDesk,
  enrolProtocol,
  JoinTokens,
  type NewToken,
  type Role,
  type Roster,
} from './index.ts'

describe('join tokens and enrolment', () => {
  let folder: string
  let db: Level
  let roster: Roster
  let now: number
  let tokens: JoinTokens
  let desk: EnrolmentDesk
  const clock = { ...systemClock, now: () => now }
  const peerId = (n: number): string => identityFromSeed(new Uint8Array(32).fill(n)).peerId

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigo-enrolment-'))
    ;({ db, roster } = await openRoster(folder))
    now = 1_000_000
    await roster.offer(await admit(founder, 'bolt', founder))
    tokens = tokensOf(founder)
    desk = deskOf(founder, tokens)
  })

  afterEach(async () => {
    await db.close()
    await rm(folder, { recursive: true })
  })

  const tokensOf = (owner: Signer) => new JoinTokens({ db, clock, roster, self: hex(owner) })
  const deskOf = (owner: Signer, its: JoinTokens) =>
    new EnrolmentDesk({
      roster,
      tokens: its,
      signer: owner,
      clock,
      logger: silentLogger,
      announce: async () => undefined,
      addresses: async () => ['/ip4/127.0.0.1/tcp/1'],
      settings: role => `for: ${role}\n`,
    })
  const create = async (options: Partial<NewToken> = {}) =>
    (await tokens.create({ pattern: '*', role: 'envoy', ttlMs: 60_000, uses: 1, ...options })).token
  const ask = (token: string, n: number, hostname = `host${n}`, role: Role = 'envoy') =>
    desk.answer({ token, role, hostname, os: 'linux', arch: 'amd64' }, peerId(n))

  test('a token admits the proven key once, and a lost answer may be asked for again', async () => {
    const token = await create()
    const answer = await ask(token, 10)
    expect(answer.admitted).toBe(true)
    expect(roster.find('host10')).toHaveLength(1)
    expect((await ask(token, 10)).admitted).toBe(true)
    expect(await ask(token, 11)).toMatchObject({ admitted: false, reason: expect.stringContaining('used up') })
  })

  test('the new member accepts only an answer that admits its own key to this fleet', async () => {
    const answer = await ask(await create(), 10)
    const { db: other, roster: theirs } = await openRoster(join(folder, 'other'))
    const accept = (n: number, role: Role) =>
      acceptAdmission(answer, { roster: theirs, publicKey: key(n).publicKey, role })
    await expect(accept(11, 'envoy')).rejects.toThrow(/without a valid/)
    await expect(accept(10, 'bolt')).rejects.toThrow(/without a valid/)
    expect(await accept(10, 'envoy')).toMatchObject({ settings: 'for: envoy\n' })
    await other.close()
  })

  test('a token of the founder for a bolt makes one, which then admits envoys of its own', async () => {
    const token = await create({ role: 'bolt' })
    expect(await ask(token, 10, 'bolt2', 'bolt')).toMatchObject({ admitted: true, settings: 'for: bolt\n' })
    expect(roster.isBolt(hex(key(10)))).toBe(true)
    expect((await ask(token, 10, 'bolt2', 'bolt')).admitted).toBe(true)
    tokens = tokensOf(key(10))
    desk = deskOf(key(10), tokens)
    const answer = await ask(await create(), 11)
    const { db: other, roster: theirs } = await openRoster(join(folder, 'other'))
    await acceptAdmission(answer, { roster: theirs, publicKey: key(11).publicKey, role: 'envoy' })
    expect(theirs.isBolt(hex(key(10)))).toBe(true)
    await other.close()
  })

  test('only the founder makes tokens for bolts, for one use, and a revoked bolt makes none and admits nobody', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    tokens = tokensOf(bolt)
    desk = deskOf(bolt, tokens)
    const name = roster.member(fleetId)?.hostname ?? ''
    await expect(create({ role: 'bolt' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(`on ${name}:`),
    })
    const token = await create()
    await roster.offer(await revoke(bolt, founder))
    await expect(create()).rejects.toMatchObject({ code: 'usage' })
    expect((await ask(token, 10)).admitted).toBe(false)
    expect(roster.member(hex(key(10)))).toBeNull()
    tokens = tokensOf(founder)
    await expect(create({ role: 'bolt', uses: 2 })).rejects.toMatchObject({ code: 'usage' })
  })

  test('without a word a token for a bolt is good for an hour, one for an envoy for a day', async () => {
    const lifeOf = async (role: Role) => {
      const { row } = await tokens.create({ pattern: '*', role })
      expect(row).toMatchObject({ role, usesLeft: 1 })
      return (row.expiresAt - row.createdAt) / 3_600_000
    }
    expect(await lifeOf('bolt')).toBe(1)
    expect(await lifeOf('envoy')).toBe(24)
  })

  test('a token for the other role is not used up, and the refusal says which command it is for', async () => {
    const [forBolt, forEnvoy] = [await create({ role: 'bolt' }), await create()]
    expect(await ask(forBolt, 10)).toMatchObject({ admitted: false, reason: expect.stringContaining('vigosrv join') })
    expect(await ask(forEnvoy, 10, 'h', 'bolt')).toMatchObject({
      admitted: false,
      reason: expect.stringContaining('vigo enroll'),
    })
    expect((await ask(forBolt, 10, 'h', 'bolt')).admitted).toBe(true)
    expect((await ask(forEnvoy, 11)).admitted).toBe(true)
  })

  test('a member’s key does not become something else', async () => {
    await ask(await create(), 10)
    expect((await ask(await create({ role: 'bolt' }), 10, 'host10', 'bolt')).admitted).toBe(false)
    await ask(await create({ role: 'bolt' }), 11, 'host11', 'bolt')
    expect((await ask(await create(), 11)).admitted).toBe(false)
    expect(roster.isBolt(hex(key(10)))).toBe(false)
    expect(roster.isBolt(hex(key(11)))).toBe(true)
  })

  test('a newcomer is not told of bolts that are out', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(stranger, 'bolt', founder))
    await roster.offer(await revoke(bolt, founder))
    const answer = await ask(await create(), 10)
    const peers = answer.admitted ? answer.records.map(({ body }) => body['peer']) : []
    expect(peers).toEqual([hex(founder), hex(stranger), hex(key(10))])
  })

  test.each<[string, () => Promise<{ admitted: boolean }>]>([
    [
      'an expired token',
      async () => {
        const token = await create()
        now += 60_001
        return ask(token, 10)
      },
    ],
    ['another host pattern', async () => ask(await create({ pattern: 'web-*' }), 10)],
    ['a made-up token', async () => ask(`${'0'.repeat(16)}.${'0'.repeat(64)}`, 10)],
    ['no token', async () => ask('', 10)],
    ['a wrong secret for a real id', async () => ask(`${(await create()).slice(0, 17)}${'0'.repeat(64)}`, 10)],
    ['a host name that is a path', async () => ask(await create(), 10, '../etc')],
    [
      'a host name that is taken',
      async () => {
        await ask(await create(), 12, 'db1')
        return ask(await create(), 13, 'db1')
      },
    ],
    [
      'a revoked key',
      async () => {
        await ask(await create(), 14)
        await roster.offer(await revoke(key(14), founder))
        return ask(await create(), 14)
      },
    ],
  ])('refuses %s', async (_what, attempt) => {
    expect((await attempt()).admitted).toBe(false)
  })

  test('guessing is stopped for everybody, and starts again after a minute', async () => {
    const token = await create()
    for (let i = 0; i < 31; i++) await ask(`${'1'.repeat(16)}.${'2'.repeat(64)}`, 20)
    expect(await ask(token, 10)).toMatchObject({ admitted: false, reason: expect.stringContaining('too many') })
    now += 60_001
    expect((await ask(await create(), 10)).admitted).toBe(true)
  })

  test('two hosts that race for the last use do not both get in', async () => {
    const token = await create()
    const answers = await Promise.all([ask(token, 30), ask(token, 31)])
    expect(answers.filter(answer => answer.admitted)).toHaveLength(1)
  })

  test('tokens are not kept in clear', async () => {
    const token = await create()
    const secret = token.split('.')[1] ?? ''
    for await (const [, value] of db.iterator()) expect(Buffer.from(value).toString('latin1')).not.toContain(secret)
  })

  test('enrolment messages survive the wire and hostile bytes are refused', async () => {
    const request = { token: 't', role: 'bolt', hostname: 'h', os: 'linux', arch: 'amd64' } as const
    expect(enrolProtocol.request.decode(enrolProtocol.request.encode(request))).toEqual(request)
    expect(toHex(enrolProtocol.request.encode(request))).toBe('0174' + '02' + '0168' + '056c696e7578' + '05616d643634')
    for (const byte of ['00', '03', 'ff']) {
      const bytes = fromHex(`0174${byte}0168056c696e757805616d643634`)
      expect(() => enrolProtocol.request.decode(bytes)).toThrow(/unknown role/)
    }
    const answer = await ask(await create(), 10)
    expect(enrolProtocol.response.decode(enrolProtocol.response.encode(answer))).toEqual(answer)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        for (const codec of [enrolProtocol.request, enrolProtocol.response]) {
          try {
            codec.decode(bytes)
          } catch (error) {
            expect(['RangeError', 'RecordError', 'TypeError']).toContain((error as Error).name)
          }
        }
      }),
    )
  })
})
