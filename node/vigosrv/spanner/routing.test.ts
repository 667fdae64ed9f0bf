import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Host, identityFromSeed, memoryNetwork } from '#node/host'
import { silentLogger, toHex } from '#node/kit'
import { type SignedRecord, type Signer, signerFromSeed } from '#swarm/record'
import { Roster, signAdmission, signRevocation } from '#swarm/roster'
import { Routes } from '#swarm/routes'
import { MovableClock } from '../fleet/fixture.ts'
import { FleetHomes } from './homes.ts'
import { Routing } from './routing.ts'

const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const key = (n: number): Signer => signerFromSeed(seed(n))
const hex = (signer: Signer): string => toHex(signer.publicKey)
const founder = key(1)
const bolts = [founder, key(2), key(3)]
const [, boltB, boltC] = bolts as [Signer, Signer, Signer]
const envoys = Array.from({ length: 30 }, (_, n) => key(10 + n))
const [web0] = envoys as [Signer]
const fleetId = hex(founder)

let folder: string
let db: Level
let roster: Roster
let routes: Routes
let host: Host
let homes: FleetHomes
let routing: Routing
let clock: MovableClock
let network: ReturnType<typeof memoryNetwork>
const announced: SignedRecord[] = []
const hosts: Host[] = []

async function admit(who: Signer, hostname: string, role: 'bolt' | 'envoy'): Promise<void> {
  const peer = hex(who)
  const admission = { peer, hostname, role, os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 }
  await roster.offer(await signAdmission(admission, fleetId, founder))
}

async function revoke(who: Signer, issuedAt: number): Promise<void> {
  await roster.offer(await signRevocation({ peer: hex(who), reason: 'test', issuedAt }, fleetId, founder))
}

function startHost(n: number): Host {
  const started = network.createHost({ peerId: identityFromSeed(seed(n)).peerId })
  hosts.push(started)
  return started
}

const routingOf = (signer: Signer): Routing =>
  new Routing({ roster, routes, homes, signer, clock, announce: async record => void announced.push(record) })

const view = () => Object.fromEntries(routing.routingView().map(({ hostname, ...rest }) => [hostname, rest]))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-routing-'))
  db = new Level(folder)
  clock = new MovableClock()
  network = memoryNetwork()
  roster = await Roster.open({ db, fleetId, logger: silentLogger })
  routes = await Routes.open({ db, fleetId, roster, logger: silentLogger, now: () => clock.now() })
  for (const [n, bolt] of bolts.entries()) await admit(bolt, `bolt${n}`, 'bolt')
  for (const [n, envoy] of envoys.entries()) await admit(envoy, `web${n}.a`, 'envoy')
  host = startHost(1)
  homes = new FleetHomes({ roster, routes, host, clock })
  routing = routingOf(founder)
})
afterEach(async () => {
  await homes.close()
  for (const each of hosts.splice(0)) await each.close()
  await db.close()
  await rm(folder, { recursive: true })
  announced.length = 0
})

describe('routing', () => {
  test('begins with all envoys spread over all bolts', () => {
    const { bolt0, bolt1, bolt2 } = view()
    expect(bolt0).toEqual({ peer: fleetId, patterns: [], isDraining: false, envoys: expect.any(Number) })
    expect([bolt0, bolt1, bolt2].reduce((sum, bolt) => sum + (bolt?.envoys ?? 0), 0)).toBe(30)
    expect(bolt1?.envoys).toBeGreaterThan(0)
  })

  test('gives a bolt the hosts that its patterns match, whoever says so, and says it once', async () => {
    await routingOf(boltC).setPatterns('bolt1', ['WEB*.a', 'web1.a', 'web*.a'])
    expect(view()['bolt1']).toMatchObject({ patterns: ['web*.a', 'web1.a'], envoys: 30 })
    await routing.setPatterns(hex(boltB).slice(0, 12), ['web1.a', 'web*.a'])
    expect(announced).toHaveLength(1)
    expect(announced[0]?.body).toMatchObject({ issuer: hex(boltC), serial: 1 })
    await routing.setPatterns('bolt1', [])
    expect(view()['bolt1']?.envoys).toBeLessThan(30)
  })

  test('drains a bolt, keeps its patterns, and lets its envoys come back', async () => {
    await routing.setPatterns('bolt1', ['web*'])
    await routing.setDraining('bolt1', true)
    expect(view()['bolt1']).toMatchObject({ patterns: ['web*'], isDraining: true, envoys: 0 })
    await routing.setDraining('bolt1', false)
    expect(view()['bolt1']).toMatchObject({ patterns: ['web*'], isDraining: false, envoys: 30 })
  })

  test('does not drain the last one', async () => {
    await routing.setDraining('bolt1', true)
    await routing.setDraining('bolt2', true)
    await expect(routing.setDraining('bolt0', true)).rejects.toMatchObject({ code: 'last-bolt' })
    await routing.setDraining('bolt2', true)
    await routing.setDraining('bolt2', false)
    await routing.setDraining('bolt0', true)
    expect(view()['bolt2']?.envoys).toBe(30)
  })

  test('pins an envoy to a bolt, and lets patterns decide again', async () => {
    await routing.setPatterns('bolt1', ['web*'])
    await routing.reassign('web0.a', 'bolt2')
    expect(homes.homeOf({ peer: hex(web0), hostname: 'web0.a' })).toBe(hex(boltC))
    await routing.reassign('web0.a', 'bolt2')
    expect(announced).toHaveLength(2)
    await routing.reassign('web0.a', null)
    expect(homes.homeOf({ peer: hex(web0), hostname: 'web0.a' })).toBe(hex(boltB))
  })

  test('keeps what was said at the same time at the same bolt', async () => {
    await Promise.all([routing.setPatterns('bolt1', ['db*']), routing.setDraining('bolt1', true)])
    expect(view()['bolt1']).toMatchObject({ patterns: ['db*'], isDraining: true })
  })

  test('forgets a bolt that is revoked, and says so to whoever asks for it', async () => {
    await routing.setPatterns('bolt1', ['web*'])
    await revoke(boltB, clock.now())
    expect(Object.keys(view())).toEqual(['bolt0', 'bolt2'])
    expect(routing.routingView().reduce((sum, { envoys: count }) => sum + count, 0)).toBe(30)
    await expect(routing.reassign('web0.a', 'bolt1')).rejects.toMatchObject({ code: 'unknown-bolt' })
  })

  test('says when what it stated does not hold, as with a clock that is far ahead', async () => {
    const ahead = new MovableClock()
    ahead.aheadMs = 3600e3
    const early = new Routing({ roster, routes, homes, signer: founder, clock: ahead, announce: async () => undefined })
    await expect(early.setPatterns('bolt1', ['web*'])).rejects.toMatchObject({ code: 'not-taken' })
    await expect(early.reassign('web0.a', 'bolt1')).rejects.toMatchObject({ code: 'not-taken' })
  })

  test.each<[string, () => Promise<void>, string]>([
    ['a bolt that nobody knows', () => routing.setPatterns('bolt9', []), 'unknown-bolt'],
    ['an envoy as a bolt', () => routing.setDraining('web0.a', true), 'unknown-bolt'],
    ['a bolt as an envoy', () => routing.reassign('bolt1', 'bolt2'), 'unknown-envoy'],
    ['an envoy that nobody knows', () => routing.reassign('web99.a', null), 'unknown-envoy'],
    ['a pattern of another form', () => routing.setPatterns('bolt1', ['web{1,2}']), 'bad-pattern'],
    [
      'too many patterns',
      () =>
        routing.setPatterns(
          'bolt1',
          Array.from({ length: 257 }, (_, n) => `w${n}`),
        ),
      'bad-pattern',
    ],
  ])('refuses %s', async (_what, act, code) => {
    await expect(act()).rejects.toMatchObject({ code })
    expect(announced).toEqual([])
  })
})

describe('an envoy is elsewhere', () => {
  const envoy = { peer: hex(web0), hostname: 'web0.a' }

  test('while its home is another bolt that is there, and some time after it was lost', async () => {
    const other = startHost(2)
    await routing.reassign('web0.a', 'bolt1')
    expect(homes.isElsewhere(envoy)).toBe(false)
    await host.connect(other.peerId)
    expect(homes.isElsewhere(envoy)).toBe(true)
    network.kill(other.peerId)
    expect(homes.isElsewhere(envoy)).toBe(true)
    clock.aheadMs = 61_000
    expect(homes.isElsewhere(envoy)).toBe(false)
  })

  test('not while this bolt is its home', async () => {
    await host.connect(startHost(2).peerId)
    await routing.reassign('web0.a', 'bolt0')
    expect(homes.isElsewhere(envoy)).toBe(false)
  })

  test('and whoever listens hears whose home may have changed', async () => {
    const heard: (string | null)[] = []
    homes.onChange(peer => heard.push(peer))
    await routing.reassign('web0.a', 'bolt1')
    await routing.setDraining('bolt1', true)
    await host.connect(startHost(2).peerId)
    await revoke(boltC, 1)
    expect(heard).toEqual([envoy.peer, null, null, null])
  })
})
