import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256Hex, silentLogger, toHex } from '#node/kit'
import {
  decodeRecord,
  encodeRecord,
  type Json,
  type SignedRecord,
  type Signer,
  signerFromSeed,
  signRecord,
} from '#swarm/record'
import { Roster, signAdmission, signRevocation } from '#swarm/roster'
import { type RouteChange, Routes, signBoltRoute, signEnvoyRoute } from './index.ts'

const key = (n: number): Signer => signerFromSeed(new Uint8Array(32).fill(n))
const hex = (signer: Signer): string => toHex(signer.publicKey)
const founder = key(1)
const [boltA, boltB, envoy, stranger] = [key(2), key(3), key(4), key(5)]
const fleetId = hex(founder)
const NOW = 1_800_000_000_000

let folder: string
const opened: Level[] = []

interface Machine {
  readonly roster: Roster
  readonly routes: Routes
}

let numbers = 0

async function machine(name = `machine${numbers++}`): Promise<Machine> {
  const db = new Level(join(folder, name))
  opened.push(db)
  const roster = await Roster.open({ db, fleetId, logger: silentLogger })
  const routes = await Routes.open({ db, fleetId, roster, logger: silentLogger, now: () => NOW })
  return { roster, routes }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-routes-'))
})
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
  await rm(folder, { recursive: true })
})

const admit = (who: Signer, role: 'bolt' | 'envoy') =>
  signAdmission(
    { peer: hex(who), hostname: `h${hex(who).slice(0, 6)}`, role, os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 },
    fleetId,
    founder,
  )
const revoke = (who: Signer, issuedAt: number) =>
  signRevocation({ peer: hex(who), reason: 'stolen', issuedAt }, fleetId, founder)

interface Given {
  serial?: number
  issuedAt?: number
  fleet?: string
}

const route = (by: Signer, bolt: Signer, patterns: string[], given: Given = {}, isDraining = false) =>
  signBoltRoute(
    { bolt: hex(bolt), patterns, isDraining, serial: given.serial ?? 1, issuedAt: given.issuedAt ?? NOW },
    given.fleet ?? fleetId,
    by,
  )
const pin = (by: Signer, bolt: Signer | null, { serial = 1, issuedAt = NOW }: Given = {}) =>
  signEnvoyRoute({ peer: hex(envoy), bolt: bolt === null ? null : hex(bolt), serial, issuedAt }, fleetId, by)

async function fleet(name?: string): Promise<Machine> {
  const one = await machine(name)
  for (const each of [founder, boltA, boltB]) await one.roster.offer(await admit(each, 'bolt'))
  await one.roster.offer(await admit(envoy, 'envoy'))
  return one
}

describe('routes', () => {
  test('may be stated by any bolt of any bolt and envoy; the highest serial holds, and a restart forgets nothing', async () => {
    const { routes } = await fleet('kept')
    expect(await routes.offer(await route(boltB, boltA, ['web*']))).toBe('new')
    expect(await routes.offer(await route(boltA, boltA, ['db*'], { serial: 2 }, true))).toBe('new')
    expect(await routes.offer(await pin(boltA, boltB))).toBe('new')
    await opened.pop()?.close()
    const again = (await machine('kept')).routes
    expect(again.bolt(hex(boltA))).toMatchObject({ patterns: ['db*'], isDraining: true })
    expect(again.pin(hex(envoy))).toBe(hex(boltB))
    expect(again.bolt(hex(boltB))).toBeNull()
    expect(again.nextSerial(hex(boltA))).toBe(3)
    expect(await again.offer(await pin(boltB, null, { serial: 2 }))).toBe('new')
    expect(again.pin(hex(envoy))).toBeNull()
  })

  test('are told to those who listen, with what they are about', async () => {
    const { routes } = await fleet()
    const heard: RouteChange[] = []
    const unsubscribe = routes.onChange(change => heard.push(change))
    await routes.offer(await route(boltA, boltB, []))
    await routes.offer(await pin(boltA, boltB))
    await routes.offer(await pin(boltA, boltB))
    unsubscribe()
    await routes.offer(await pin(boltA, null, { serial: 2 }))
    expect(heard).toEqual([
      { kind: 'bolt', bolt: hex(boltB) },
      { kind: 'envoy', peer: hex(envoy) },
    ])
  })

  test('wait until their issuer, and whom they speak of, are known', async () => {
    const { roster, routes } = await machine()
    const statement = await pin(boltA, boltB)
    expect(await routes.offer(statement)).toBe('held')
    await roster.offer(await admit(boltA, 'bolt'))
    await roster.offer(await admit(boltB, 'bolt'))
    expect(await routes.offer(statement)).toBe('held')
    await roster.offer(await admit(envoy, 'envoy'))
    expect(await routes.offer(statement)).toBe('new')
  })

  test('of envoys and strangers, and of a time to come, are not taken', async () => {
    const { routes } = await fleet()
    expect(await routes.offer(await pin(envoy, boltA))).toBe('held')
    expect(await routes.offer(await pin(stranger, boltA))).toBe('held')
    expect(await routes.offer(await pin(boltA, boltA, { issuedAt: NOW + 10 * 60_000 + 1 }))).toBe('held')
    expect(await routes.offer(await route(boltA, stranger, ['*']))).toBe('held')
    expect(routes.pin(hex(envoy))).toBeNull()
    expect(await routes.offer(await pin(boltA, boltA, { issuedAt: NOW + 10 * 60_000 }))).toBe('new')
  })
})

describe('what a bolt said that was revoked later', () => {
  test('counts until a bolt says something else afterwards', async () => {
    const { roster, routes } = await fleet()
    await routes.offer(await pin(boltB, boltB, { serial: 1, issuedAt: NOW - 100 }))
    await routes.offer(await pin(boltA, boltA, { serial: 2, issuedAt: NOW - 50 }))
    await roster.offer(await revoke(boltA, NOW - 10))
    expect(routes.pin(hex(envoy))).toBe(hex(boltA))
    await routes.offer(await pin(boltB, null, { serial: 3 }))
    expect(routes.pin(hex(envoy))).toBeNull()
  })

  test('can neither undo what was said since nor stand in its way, whatever serial its key signs', async () => {
    const { roster, routes } = await fleet()
    await routes.offer(await pin(boltA, boltA, { serial: Number.MAX_SAFE_INTEGER }))
    await roster.offer(await revoke(boltA, NOW - 10))
    expect(routes.pin(hex(envoy))).toBe(hex(boltA))
    expect(routes.nextSerial(hex(envoy))).toBe(Number.MAX_SAFE_INTEGER)
    await routes.offer(await pin(boltB, boltB, { serial: routes.nextSerial(hex(envoy)) }))
    await routes.offer(await pin(boltA, null, { serial: Number.MAX_SAFE_INTEGER, issuedAt: 1 }))
    expect(routes.pin(hex(envoy))).toBe(hex(boltB))
  })
})

test('any order of arrival, with admissions and revocations between, gives the same table', async () => {
  const issuers = [founder, boltA, boltB, stranger]
  const statement = fc.record({
    by: fc.constantFrom(...issuers),
    about: fc.constantFrom('pin', 'unpin', 'bolt', 'drain'),
    bolt: fc.constantFrom(boltA, boltB),
    serial: fc.integer({ min: 1, max: 3 }),
    issuedAt: fc.integer({ min: 1, max: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(statement, { minLength: 1, maxLength: 12 }),
      fc.option(fc.integer({ min: 1, max: 6 })),
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      async (statements, revokedAt, shuffle) => {
        const rosterRecords = [
          await admit(founder, 'bolt'),
          await admit(boltA, 'bolt'),
          await admit(boltB, 'bolt'),
          await admit(envoy, 'envoy'),
          ...(revokedAt === null ? [] : [await revoke(boltB, revokedAt)]),
        ]
        const records = await Promise.all(
          statements.map(({ by, about, bolt, serial, issuedAt }) => {
            if (about === 'pin') return pin(by, bolt, { serial, issuedAt })
            if (about === 'unpin') return pin(by, null, { serial, issuedAt })
            return route(by, bolt, [`web${serial}*`], { serial, issuedAt }, about === 'drain')
          }),
        )
        const all = [...rosterRecords, ...records]
        const shuffled = all
          .map((record, n) => ({ record, at: shuffle[n % shuffle.length] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ record }) => record)
        const [one, other] = [await machine(), await machine()]
        await deliver(one, all)
        await deliver(other, shuffled)
        expect(told(other)).toEqual(told(one))
      },
    ),
    { numRuns: 40 },
  )
}, 60_000)

/** Once in this order, and then as syncs do, until nothing is new. */
async function deliver({ roster, routes }: Machine, records: readonly SignedRecord[]): Promise<void> {
  for (let isNews = true; isNews; ) {
    isNews = false
    for (const record of records) {
      const isRoster = record.kind === 'admission' || record.kind === 'revocation'
      if ((await (isRoster ? roster : routes).offer(record)) === 'new') isNews = true
    }
  }
}

function told({ routes }: Machine): object {
  return {
    digests: toHex(routes.table.digests),
    rows: [...routes.table.rows()].map(({ id, hash }) => `${id} ${hash}`).sort(),
    bolts: [boltA, boltB].map(bolt => {
      const { patterns, isDraining } = routes.bolt(hex(bolt)) ?? {}
      return { patterns, isDraining }
    }),
    pin: routes.pin(hex(envoy)),
  }
}

describe('hostile records', () => {
  const good = { bolt: hex(boltA), patterns: ['web*'], draining: false, serial: 1, issuer: hex(boltA), issued_at: NOW }
  const goodPin = { peer: hex(envoy), bolt: hex(boltB), serial: 1, issuer: hex(boltA), issued_at: NOW }

  test.each<[string, Record<string, Json>]>([
    ['a field too many', { ...good, more: 1 }],
    ['patterns that are no list', { ...good, patterns: 'web*' }],
    ['a pattern that is no text', { ...good, patterns: [1] }],
    ['a pattern of another form', { ...good, patterns: ['{a,b}*'] }],
    ['257 patterns', { ...good, patterns: Array.from({ length: 257 }, () => 'a') }],
    ['patterns that are too long together', { ...good, patterns: Array.from({ length: 33 }, () => 'a'.repeat(253)) }],
    ['a bolt that is no key', { ...good, bolt: 'A'.repeat(64) }],
    ['draining that is no truth value', { ...good, draining: 'false' }],
    ['a serial below zero', { ...good, serial: -1 }],
    ['a serial that is no whole number', { ...good, serial: 1.5 }],
    ['no time', { bolt: good.bolt, patterns: [], draining: false, serial: 1, issuer: good.issuer }],
  ])('a bolt route with %s is refused', async (_what, body) => {
    const { routes } = await fleet()
    await expect(routes.offer(await signRecord('bolt-route', body, fleetId, boltA))).rejects.toMatchObject({
      code: 'malformed',
    })
    expect(routes.table.size).toBe(0)
  })

  test.each<[string, Record<string, Json>]>([
    ['a field too many', { ...goodPin, patterns: [] }],
    ['a bolt that is neither key nor null', { ...goodPin, bolt: '' }],
    ['no bolt', { peer: goodPin.peer, serial: 1, issuer: goodPin.issuer, issued_at: NOW }],
    ['a peer that is no key', { ...goodPin, peer: 'web1' }],
  ])('an envoy route with %s is refused', async (_what, body) => {
    const { routes } = await fleet()
    await expect(routes.offer(await signRecord('envoy-route', body, fleetId, boltA))).rejects.toMatchObject({
      code: 'malformed',
    })
  })

  test('signed by another key, for another fleet, or of another kind are refused', async () => {
    const { routes } = await fleet()
    const forged = await signRecord('envoy-route', goodPin, fleetId, boltB)
    await expect(routes.offer(forged)).rejects.toMatchObject({ code: 'bad-signature' })
    const foreign = await route(boltA, boltA, ['*'], { fleet: sha256Hex('another') })
    await expect(routes.offer(foreign)).rejects.toMatchObject({ code: 'bad-signature' })
    const turned = { ...(await route(boltA, boltA, ['*'])), kind: 'envoy-route' as const }
    await expect(routes.offer(turned)).rejects.toMatchObject({ code: 'malformed' })
    await expect(routes.offer(await admit(envoy, 'envoy'))).rejects.toMatchObject({ code: 'malformed' })
  })

  test('with any byte changed are refused or held, and never hold', async () => {
    const { routes } = await fleet()
    const bytes = encodeRecord(await pin(boltA, boltB))
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ flip
        const outcome = await Promise.resolve()
          .then(() => routes.offer(decodeRecord(changed)))
          .catch((error: { code?: string }) => error.code)
        expect(['malformed', 'not-canonical', 'bad-signature']).toContain(outcome)
        expect(routes.pin(hex(envoy))).toBeNull()
      }),
    )
  })
})
