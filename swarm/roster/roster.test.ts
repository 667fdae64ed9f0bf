import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#node/kit'
import { admit, bolt, envoy, founder, hex, key, openRoster, revoke, stranger } from './fixture.ts'
import { type Roster, signReadmission } from './index.ts'

let folder: string
let db: Level
let roster: Roster

async function open(): Promise<void> {
  ;({ db, roster } = await openRoster(folder))
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-roster-'))
  await open()
})

afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

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
