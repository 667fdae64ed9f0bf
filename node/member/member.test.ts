import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Host, identityFromSeed, memoryNetwork } from '#node/host'
import { silentLogger, systemClock, toHex } from '#node/kit'
import { signerFromSeed } from '#swarm/record'
import { Roster, signAdmission } from '#swarm/roster'
import { AgentSettings, Neighbours, Pairing, peerIdOfMember, peersProtocol, readSettings, swarmOf } from './index.ts'

const seeds = [1, 2, 3].map(n => new Uint8Array(32).fill(n))
const signers = seeds.map(signerFromSeed)
const keys = signers.map(signer => toHex(signer.publicKey))
const peers = seeds.map(seed => identityFromSeed(seed).peerId)
const fleetId = keys[0] ?? ''

let folder: string
let db: Level
let roster: Roster

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-member-'))
  db = new Level(join(folder, 'db'))
  roster = await Roster.open({ db, fleetId, logger: silentLogger })
  for (const [index, peer] of keys.entries()) {
    const role = index === 0 ? 'bolt' : 'envoy'
    const row = { peer, hostname: `h${index}`, role, os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 } as const
    await roster.offer(await signAdmission(row, fleetId, signers[0] ?? signerFromSeed(new Uint8Array(32))))
  }
})
afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

describe('settings', () => {
  const file = () => join(folder, 'agent.yaml')
  const base = `fleet: ${'ab'.repeat(32)}\nhostname: h\nbootstrap: []\n`

  test.each([
    ['hostname: 7', /hostname/],
    ['swarm: { curator: { enabled: yes } }', /swarm\.curator\.enabled/],
    ['swarm: { max_bandwidth_percent: 200 }', /swarm\.max_bandwidth_percent/],
    ['swarm: { unknown: 1 }', /swarm\.unknown/],
    ['swarm: [', /agent\.yaml/],
  ])('name the file and the key that is wrong: %s', async (line, message) => {
    await writeFile(
      file(),
      `${base}${line}\n`.replace('hostname: h\n', line.startsWith('hostname') ? '' : 'hostname: h\n'),
    )
    await expect(readSettings(file(), AgentSettings)).rejects.toThrow(message)
    await expect(readSettings(file(), AgentSettings)).rejects.toMatchObject({ code: 'bad-settings' })
  })

  test('have defaults, sizes with units, and an alias bomb does not go off', async () => {
    await writeFile(file(), `${base}swarm: { curator: { max_bytes: 3GiB } }\n`)
    const settings = await readSettings<AgentSettings>(file(), AgentSettings)
    expect(swarmOf(settings?.swarm, file())).toMatchObject({
      curatorMaxBytes: 3 * 2 ** 30,
      curatorEnabled: [],
      mdns: true,
    })
    expect(() => swarmOf({ curator: { max_bytes: '3 pounds' } }, file())).toThrow(/max_bytes/)
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 12; i++)
      bomb.push(
        `b${i}: &b${i} [${Array(9)
          .fill(i === 1 ? '*a' : `*b${i - 1}`)
          .join(',')}]`,
      )
    await writeFile(file(), bomb.join('\n'))
    await expect(readSettings(file(), AgentSettings)).rejects.toMatchObject({ code: 'bad-settings' })
    expect(await readSettings(join(folder, 'none.yaml'), AgentSettings)).toBeNull()
  })
})

describe('pairing', () => {
  let now: number
  let hosts: Host[]
  let desks: Pairing[]
  const bundle = Buffer.from('wrapped').toString('base64')

  beforeEach(async () => {
    now = 1_000
    const network = memoryNetwork()
    hosts = peers.map(peerId => network.createHost({ peerId }))
    const clock = { ...systemClock, now: () => now }
    desks = await Promise.all(hosts.map(host => Pairing.start({ host, roster, clock, logger: silentLogger })))
    await hosts[1]?.connect(peers[2] ?? '')
    await hosts[0]?.connect(peers[2] ?? '')
  })
  afterEach(async () => {
    for (const host of hosts) await host.close()
  })

  test('gives the bundle to who has the code, once', async () => {
    desks[2]?.offer('ABCD-EFGH-JKLM', bundle)
    expect(await desks[1]?.claim('h2', 'abcdefghjklm')).toBe(bundle)
    await expect(desks[1]?.claim('h2', 'ABCDEFGHJKLM')).rejects.toThrow(/no pairing open/)
  })

  test('ends after five minutes and after three wrong codes', async () => {
    desks[2]?.offer('ABCDEFGHJKLM', bundle)
    now += 5 * 60_000
    await expect(desks[1]?.claim('h2', 'ABCDEFGHJKLM')).rejects.toThrow(/no pairing open/)
    desks[2]?.offer('ABCDEFGHJKLM', bundle)
    for (const left of [2, 1, 0]) {
      await expect(desks[1]?.claim('h2', 'WRONGWRONG')).rejects.toThrow(left === 0 ? /closed now/ : /wrong code/)
    }
    await expect(desks[1]?.claim('h2', 'ABCDEFGHJKLM')).rejects.toThrow(/no pairing open/)
  })

  test('names a member that is not there', async () => {
    await expect(desks[1]?.claim('nobody', 'ABCDEFGHJKLM')).rejects.toMatchObject({ code: 'unknown-member' })
  })
})

describe('neighbours', () => {
  test('introduce each other, and remember addresses for the time without a server', async () => {
    const network = memoryNetwork()
    const hosts = peers.map(peerId => network.createHost({ peerId }))
    const isMember = (peer: string): boolean => peers.includes(peer)
    const start = (index: number) =>
      Neighbours.start({
        host: hosts[index] as Host,
        roster,
        isMember,
        bootstrap: [],
        file: join(folder, `book${index}.json`),
        clock: systemClock,
        random: Math.random,
        logger: silentLogger,
      })
    await mkdir(folder, { recursive: true })
    const all = await Promise.all([0, 1, 2].map(start))
    await hosts[1]?.connect(peers[0] ?? '')
    await hosts[2]?.connect(peers[0] ?? '')
    await vi.waitFor(() => expect(hosts[1]?.peers()).toContain(peers[2]), { timeout: 5_000 })
    const book = () => readFile(join(folder, 'book1.json'), 'utf8')
    await vi.waitFor(async () => expect(Object.keys(JSON.parse(await book()))).toContain(peers[2]), { timeout: 5_000 })
    for (const neighbours of all) await neighbours.close()
    for (const host of hosts) await host.close()
  })

  test('reach a member that is asked for', async () => {
    const network = memoryNetwork()
    const hosts = peers.map(peerId => network.createHost({ peerId }))
    const [first, second, third] = hosts as [Host, Host, Host]
    const start = (index: number) =>
      Neighbours.start({
        host: hosts[index] as Host,
        roster,
        isMember: peer => peers.includes(peer),
        bootstrap: [],
        file: join(folder, `reach${index}.json`),
        clock: systemClock,
        random: Math.random,
        logger: silentLogger,
      })
    await mkdir(folder, { recursive: true })
    const all = await Promise.all([0, 1].map(start))
    await first.connect(second.peerId)
    await all[0]?.reach(third.peerId)
    expect(first.peers()).toContain(third.peerId)
    await all[0]?.reach(third.peerId)
    network.kill(third.peerId)
    await expect(all[0]?.reach(third.peerId)).rejects.toMatchObject({ code: 'unreachable' })
    for (const neighbours of all) await neighbours.close()
    for (const host of hosts) await host.close()
  })

  test('dial a member as soon as the roster has it', async () => {
    const network = memoryNetwork()
    const [host, second, third] = peers.map(peerId => network.createHost({ peerId })) as [Host, Host, Host]
    const seed = new Uint8Array(32).fill(60)
    const late = network.createHost({ peerId: identityFromSeed(seed).peerId })
    const key = toHex(signerFromSeed(seed).publicKey)
    const neighbours = await Neighbours.start({
      host,
      roster,
      isMember: peer => peers.includes(peer) || (peer === late.peerId && roster.isMember(key)),
      bootstrap: late.addresses(),
      file: join(folder, 'late.json'),
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    })
    for (const other of [second, third]) await host.connect(other.peerId)
    // By then it has looked, and has enough connections.
    await new Promise(resolve => setTimeout(resolve, 2_000))
    expect(host.peers()).not.toContain(late.peerId)
    const admission = {
      peer: key,
      hostname: 'late',
      role: 'envoy',
      os: 'linux',
      arch: 'amd64',
      serial: 1,
      issuedAt: 1,
    } as const
    await roster.offer(await signAdmission(admission, fleetId, signers[0] ?? signerFromSeed(new Uint8Array(32))))
    await vi.waitFor(() => expect(host.peers()).toContain(late.peerId), { timeout: 5_000 })
    await neighbours.close()
    for (const each of [host, second, third, late]) await each.close()
  })

  test('keep bolts connected to each other, however many others there are', async () => {
    const network = memoryNetwork()
    const founder = signers[0] ?? signerFromSeed(new Uint8Array(32))
    const [self, otherBolt, ...envoys] = [1, ...Array.from({ length: 18 }, (_, n) => 20 + n)]
      .map(n => new Uint8Array(32).fill(n))
      .map(seed => ({ key: toHex(signerFromSeed(seed).publicKey), ...identityFromSeed(seed) }))
    const admitted = { os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 }
    for (const [n, { key }] of [otherBolt, ...envoys].filter(each => each !== undefined).entries()) {
      const role = n === 0 ? 'bolt' : 'envoy'
      await roster.offer(await signAdmission({ peer: key, hostname: `m${n}`, role, ...admitted }, fleetId, founder))
    }
    const host = network.createHost({ peerId: self?.peerId ?? '' })
    const others = [otherBolt, ...envoys].map(each => network.createHost({ peerId: each?.peerId ?? '' }))
    const [boltHost, ...envoyHosts] = others
    for (const envoyHost of envoyHosts) await host.connect(envoyHost.peerId)
    const neighbours = await Neighbours.start({
      host,
      roster,
      isMember: peer => others.some(other => other.peerId === peer),
      bootstrap: boltHost?.addresses() ?? [],
      file: join(folder, 'bolts.json'),
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    })
    await vi.waitFor(() => expect(host.peers()).toContain(boltHost?.peerId), { timeout: 5_000 })
    await neighbours.close()
    for (const each of [host, ...others]) await each.close()
  })

  test('speak a stable wire form and refuse hostile bytes', () => {
    const value = [{ peer: 'p', addresses: ['/a', '/b'] }]
    expect(toHex(peersProtocol.response.encode(value))).toBe('01' + '0170' + '02' + '022f61' + '022f62')
    expect(peersProtocol.response.decode(peersProtocol.response.encode(value))).toEqual(value)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        try {
          peersProtocol.response.decode(bytes)
        } catch (error) {
          expect(['RangeError', 'TypeError']).toContain((error as Error).name)
        }
      }),
    )
    expect(peerIdOfMember(keys[0] ?? '')).toBe(peers[0])
  })
})
