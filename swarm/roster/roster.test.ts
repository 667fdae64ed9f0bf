import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identityFromSeed } from '#node/host'
import { fromHex, silentLogger, systemClock, toHex } from '#node/kit'
import { type Signer, signerFromSeed } from '#swarm/record'
import {
  acceptAdmission,
  EnrolmentDesk,
  enrolProtocol,
  formatJoinUrl,
  JoinTokens,
  type NewToken,
  parseJoinUrl,
  type Role,
  Roster,
  signAdmission,
  signReadmission,
  signRevocation,
} from './index.ts'

const key = (n: number): Signer => signerFromSeed(new Uint8Array(32).fill(n))
const hex = (signer: Signer): string => toHex(signer.publicKey)
const founder = key(1)
const bolt = key(2)
const envoy = key(3)
const stranger = key(4)
const fleetId = hex(founder)

let folder: string
let db: Level
let roster: Roster

async function open(): Promise<void> {
  db = new Level(folder)
  roster = await Roster.open({ db, fleetId, logger: silentLogger })
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-roster-'))
  await open()
})
afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

const admit = (who: Signer, role: Role, issuer: Signer, serial = 1, fleet = fleetId) =>
  signAdmission(
    { peer: hex(who), hostname: `h${hex(who).slice(0, 6)}`, role, os: 'linux', arch: 'amd64', serial, issuedAt: 1 },
    fleet,
    issuer,
  )
const revoke = (who: Signer, issuer: Signer) =>
  signRevocation({ peer: hex(who), reason: 'lost', issuedAt: 2 }, fleetId, issuer)

describe('the roster', () => {
  test('the founder admits bolts, bolts admit envoys, and a restart forgets nothing', async () => {
    await roster.offer(await admit(founder, 'bolt', founder))
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(envoy, 'envoy', bolt))
    await db.close()
    await open()
    expect(roster.isMember(hex(envoy))).toBe(true)
    expect(roster.isBolt(hex(bolt))).toBe(true)
    expect(roster.isMember(hex(stranger))).toBe(false)
  })

  test('a bolt cannot admit bolts, an envoy and a stranger cannot admit anybody', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(envoy, 'envoy', bolt))
    await expect(roster.offer(await admit(stranger, 'bolt', bolt))).rejects.toMatchObject({ code: 'not-entitled' })
    await expect(roster.offer(await admit(stranger, 'envoy', envoy))).rejects.toMatchObject({ code: 'not-entitled' })
    expect(await roster.offer(await admit(stranger, 'envoy', stranger))).toBe('held')
    expect(roster.isMember(hex(stranger))).toBe(false)
  })

  test('another fleet’s admission does not count here', async () => {
    const foreign = await admit(envoy, 'envoy', founder, 1, hex(stranger))
    await expect(roster.offer(foreign)).rejects.toMatchObject({ code: 'bad-signature' })
  })

  test('a revocation is final: no later admission brings the key back, also after a restart', async () => {
    await roster.offer(await admit(envoy, 'envoy', founder))
    await roster.offer(await revoke(envoy, founder))
    expect(roster.isMember(hex(envoy))).toBe(false)
    await roster.offer(await admit(envoy, 'envoy', founder, 9))
    await db.close()
    await open()
    expect(roster.isMember(hex(envoy))).toBe(false)
  })

  test('a revocation that arrives before the admission still counts', async () => {
    await roster.offer(await revoke(envoy, founder))
    await roster.offer(await admit(envoy, 'envoy', founder))
    expect(roster.isMember(hex(envoy))).toBe(false)
  })

  test('an envoy cannot revoke, a bolt cannot revoke a bolt, nobody revokes the founder', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(envoy, 'envoy', bolt))
    await expect(roster.offer(await revoke(bolt, envoy))).rejects.toMatchObject({ code: 'not-entitled' })
    await expect(roster.offer(await revoke(bolt, bolt))).rejects.toMatchObject({ code: 'not-entitled' })
    await expect(roster.offer(await revoke(founder, founder))).rejects.toMatchObject({ code: 'not-entitled' })
  })

  test('those whom only a revoked bolt admitted are out until another bolt admits them', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(envoy, 'envoy', bolt))
    await roster.offer(await revoke(bolt, founder))
    expect(roster.isMember(hex(envoy))).toBe(false)
    await roster.offer(await admit(envoy, 'envoy', founder, 2))
    expect(roster.isMember(hex(envoy))).toBe(true)
  })

  test('another bolt lets those in again, one by one, and nobody who was revoked', async () => {
    const other = key(5)
    const own = { roster, signer: other, clock: systemClock }
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(other, 'bolt', founder))
    await roster.offer(await admit(envoy, 'envoy', bolt))
    await roster.offer(await admit(stranger, 'envoy', bolt))
    await expect(signReadmission(hex(envoy), own)).rejects.toMatchObject({ code: 'unknown-member' })
    await roster.offer(await revoke(stranger, bolt))
    await roster.offer(await revoke(bolt, founder))
    await expect(signReadmission(hex(envoy), { ...own, signer: bolt })).rejects.toMatchObject({ code: 'usage' })
    for (const out of [stranger, bolt]) {
      await expect(signReadmission(hex(out), own)).rejects.toMatchObject({ code: 'unknown-member' })
    }
    await roster.offer(await signReadmission(`h${hex(envoy).slice(0, 6)}`, own))
    expect(roster.isMember(hex(envoy))).toBe(true)
    expect(roster.member(hex(envoy))).toMatchObject({ serial: 2, issuer: hex(other) })
    await expect(signReadmission(hex(envoy), own)).rejects.toMatchObject({ code: 'unknown-member' })
  })

  test('a bolt cannot demote a bolt by admitting its key again, nor shield it from the founder', async () => {
    await roster.offer(await admit(bolt, 'bolt', founder))
    await roster.offer(await admit(stranger, 'bolt', founder))
    expect(await roster.offer(await admit(stranger, 'envoy', bolt, 99))).toBe('outdated')
    expect(roster.isBolt(hex(stranger))).toBe(true)
    const early = key(9)
    await roster.offer(await revoke(early, bolt))
    await roster.offer(await admit(early, 'bolt', founder))
    expect(roster.isMember(hex(early))).toBe(true)
    expect(await roster.offer(await revoke(early, founder))).toBe('new')
    expect(roster.isMember(hex(early))).toBe(false)
  })

  test('does not depend on the order in which records arrive', async () => {
    const records = [
      await admit(founder, 'bolt', founder),
      await admit(bolt, 'bolt', founder),
      await admit(envoy, 'envoy', bolt),
      await admit(envoy, 'envoy', founder, 2),
      await admit(stranger, 'envoy', bolt),
      await revoke(stranger, bolt),
    ]
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(records, { minLength: records.length }), async order => {
        await db.close()
        await rm(folder, { recursive: true })
        await open()
        for (const record of [...order, ...order]) await roster.offer(record)
        expect(roster.members().map(member => [member.peer, member.serial, roster.isMember(member.peer)])).toEqual(
          [founder, bolt, envoy, stranger]
            .map(who => [hex(who), who === envoy ? 2 : 1, who !== stranger] as const)
            .sort((a, b) => `h${a[0]}`.localeCompare(`h${b[0]}`)),
        )
      }),
      { numRuns: 15 },
    )
  })
})

describe('join tokens and enrolment', () => {
  let now: number
  let tokens: JoinTokens
  let desk: EnrolmentDesk
  const clock = { ...systemClock, now: () => now }
  const peerId = (n: number): string => identityFromSeed(new Uint8Array(32).fill(n)).peerId

  beforeEach(async () => {
    now = 1_000_000
    await roster.offer(await admit(founder, 'bolt', founder))
    tokens = tokensOf(founder)
    desk = deskOf(founder, tokens)
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
    const other = new Level(join(folder, 'other'))
    const theirs = await Roster.open({ db: other, fleetId, logger: silentLogger })
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
    const other = new Level(join(folder, 'other'))
    const theirs = await Roster.open({ db: other, fleetId, logger: silentLogger })
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

describe('a join URL', () => {
  const url = {
    addresses: [
      { host: '10.0.0.1', port: 1531 },
      { host: 'fe80::1', port: 1 },
      { host: 'bolt.example.com', port: 65_535 },
    ],
    fleetId,
    bolt: hex(bolt),
    token: `${'0'.repeat(16)}.${'a'.repeat(64)}`,
  }
  test('survives being written and read', () => {
    expect(parseJoinUrl(` ${formatJoinUrl(url)}\n`)).toEqual(url)
  })
  test.each([
    '',
    'https://example.com',
    formatJoinUrl(url).slice(0, -1),
    formatJoinUrl(url).replace('1531', '99999'),
    formatJoinUrl(url).replace('10.0.0.1', '$(reboot)'),
  ])('refuses %s', text => {
    expect(() => parseJoinUrl(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
