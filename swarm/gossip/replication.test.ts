import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Host, type MemoryNetwork, memoryNetwork } from '#node/host'
import { concatBytes, encodeBlock, silentLogger, systemClock, toHex } from '#node/kit'
import { encodeRecord, type SignedRecord, signerFromSeed, signRecord } from '#swarm/record'
import { Roster, signAdmission } from '#swarm/roster'
import { decodeMessage, Replication, topicName } from './replication.ts'
import { decodeSync, encodeSync, MAX_SYNC_FRAME_BYTES, SYNC_PROTOCOL } from './sync-codec.ts'

const founder = signerFromSeed(new Uint8Array(32).fill(1))
const fleetId = toHex(founder.publicKey)

interface Node {
  host: Host
  roster: Roster
  replication: Replication
  db: Level
}

let folder: string
let network: MemoryNetwork
let nodes: Node[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-gossip-'))
  network = memoryNetwork()
  nodes = []
})
afterEach(async () => {
  for (const node of nodes) {
    await node.replication.close()
    await node.host.close()
    await node.db.close()
  }
  await rm(folder, { recursive: true })
})

async function start(name: string, host: Host = network.createHost({ peerId: name })): Promise<Node> {
  const db = new Level(join(folder, name))
  const roster = await Roster.open({ db, fleetId, logger: silentLogger })
  const options = { fleetId, sets: [roster], clock: systemClock, random: () => 0, logger: silentLogger }
  const node = { host, roster, db, replication: await Replication.start({ host, ...options }) }
  nodes.push(node)
  return node
}

const admission = (n: number): Promise<SignedRecord> =>
  signAdmission(
    {
      peer: n.toString(16).padStart(64, '0'),
      hostname: `h${n}`,
      role: 'envoy',
      os: 'linux',
      arch: 'amd64',
      serial: 1,
      issuedAt: 1,
    },
    fleetId,
    founder,
  )

/** Envoys that a bolt let in: who does not know the bolt cannot judge them. */
async function boltWithEnvoys(count: number): Promise<{ bolt: SignedRecord; envoys: SignedRecord[] }> {
  const signer = signerFromSeed(new Uint8Array(32).fill(2))
  const words = { os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 }
  const bolt = { peer: toHex(signer.publicKey), hostname: 'bolt', role: 'bolt' as const, ...words }
  const envoys: SignedRecord[] = []
  for (let n = 0; n < count; n++) {
    const envoy = { peer: n.toString(16).padStart(64, '0'), hostname: `h${n}`, role: 'envoy' as const, ...words }
    envoys.push(await signAdmission(envoy, fleetId, signer))
  }
  return { bolt: await signAdmission(bolt, fleetId, founder), envoys }
}

const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000 })

describe('replication', () => {
  test('what one member publishes is soon everywhere', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')]
    await a.host.connect('b')
    await b.host.connect('c')
    const record = await admission(1)
    await a.roster.offer(record, { sync: true })
    await a.replication.publish('roster', record)
    await until(() => c.roster.members().length === 1)
  })

  test('a partition that healed converges from any one neighbour', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')]
    for (let n = 0; n < 40; n++) await a.roster.offer(await admission(n))
    for (let n = 30; n < 70; n++) await b.roster.offer(await admission(n))
    await a.host.connect('b')
    await until(() => a.roster.members().length === 70 && b.roster.members().length === 70)
    await c.host.connect('b')
    await until(() => c.roster.members().length === 70)
    expect(toHex(c.roster.table.digests)).toBe(toHex(a.roster.table.digests))
    expect(await c.replication.sync('b')).toEqual({ received: 0, sent: 0 })
  })

  test('a member that gossips a forged record is refused and nothing of its message is forwarded', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')]
    await a.host.connect('b')
    await b.host.connect('c')
    const forged = { ...(await admission(1)), signature: new Uint8Array(64) }
    const message = concatBytes(Uint8Array.of(1, 1), encodeBlock(encodeRecord(forged)))
    await a.host.gossip.publish(topicName(fleetId, 'roster'), message)
    const honest = await admission(2)
    await a.roster.offer(honest)
    await a.replication.publish('roster', honest)
    await b.roster.offer(honest)
    await b.replication.sync('c')
    expect(b.roster.members().map(member => member.hostname)).toEqual(['h2'])
    expect(c.roster.members().map(member => member.hostname)).toEqual(['h2'])
  })

  test('a member that offers forged records in a sync is refused by name', async () => {
    const [a] = [await start('a')]
    const liar = network.createHost({ peerId: 'liar' })
    const forged = { ...(await admission(1)), signature: new Uint8Array(64) }
    await liar.serve(SYNC_PROTOCOL, { maxFrameBytes: MAX_SYNC_FRAME_BYTES }, async stream => {
      await stream.receive()
      const row = { id: 'ab'.repeat(32), hash: forged.hash }
      await stream.send(encodeSync({ type: 'rows', differs: new Uint8Array(32).fill(255), rows: [row], last: true }))
      await stream.send(encodeSync({ type: 'records', envelopes: [encodeRecord(forged)] }))
      await stream.send(encodeSync({ type: 'done' }))
    })
    await a.host.connect('liar')
    await expect(a.replication.sync('liar')).rejects.toMatchObject({ code: 'bad-signature' })
    expect(a.roster.members()).toEqual([])
    await liar.close()
  })

  test('a record of another kind does not get into a topic', async () => {
    const [a, b] = [await start('a'), await start('b')]
    await a.host.connect('b')
    const alien = await signRecord('name-claim', { name: 'x' }, fleetId, founder)
    await a.host.gossip.publish(
      topicName(fleetId, 'roster'),
      concatBytes(Uint8Array.of(1, 1), encodeBlock(encodeRecord(alien))),
    )
    await b.replication.sync('a')
    expect(b.roster.table.size).toBe(0)
  })
})

/** Of whom nothing that is gossiped comes until `subscribe`, as after a connection that is slow to open its streams. */
function deaf(host: Host): { host: Host; subscribe: () => void } {
  let isDeaf = true
  const gossip: Host['gossip'] = {
    subscribe: (topic, validate) => host.gossip.subscribe(topic, validate),
    publish: async (topic, message) => {
      if (!isDeaf) await host.gossip.publish(topic, message)
    },
    subscribers: topic => (isDeaf ? [] : host.gossip.subscribers(topic)),
  }
  return {
    host: new Proxy(host, {
      get: (target, name) => {
        if (name === 'gossip') return gossip
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
    subscribe: () => {
      isDeaf = false
    },
  }
}

describe('what would be lost without another sync', () => {
  test('is published after the first one, before gossip reaches the member', async () => {
    const slow = deaf(network.createHost({ peerId: 'a' }))
    const a = await start('a', slow.host)
    const b = await start('b')
    await a.host.connect('b')
    await until(() => a.replication.status().lastSync !== null && b.replication.status().lastSync !== null)
    const record = await admission(1)
    await a.roster.offer(record)
    await a.replication.publish('roster', record)
    expect(b.roster.members()).toEqual([])
    slow.subscribe()
    await until(() => b.roster.members().length === 1)
  })

  test('came before what it builds on', async () => {
    const [a, b] = [await start('a'), await start('b')]
    await a.host.connect('b')
    await until(() => a.replication.status().lastSync !== null && b.replication.status().lastSync !== null)
    const { bolt, envoys } = await boltWithEnvoys(1)
    for (const record of [bolt, ...envoys]) await a.roster.offer(record)
    for (const record of envoys) await a.replication.publish('roster', record)
    expect(b.roster.members()).toEqual([])
    await until(() => b.roster.members().length === 2)
  })

  test('came before what it builds on in the sync itself', async () => {
    const { bolt, envoys } = await boltWithEnvoys(30)
    const a = await start('a')
    const sender = network.createHost({ peerId: 'sender' })
    await sender.serve(SYNC_PROTOCOL, { maxFrameBytes: MAX_SYNC_FRAME_BYTES }, async stream => {
      await stream.receive()
      const rows = [...envoys, bolt].map(({ hash }) => ({ id: 'ab'.repeat(32), hash }))
      await stream.send(encodeSync({ type: 'rows', differs: new Uint8Array(32).fill(255), rows, last: true }))
      await stream.send(encodeSync({ type: 'records', envelopes: envoys.map(encodeRecord) }))
      await stream.send(encodeSync({ type: 'records', envelopes: [encodeRecord(bolt)] }))
      await stream.send(encodeSync({ type: 'done' }))
      await stream.receive().catch(() => null)
    })
    await a.host.connect('sender')
    void a.replication.sync('sender').catch(() => undefined)
    await until(() => a.roster.members().length === 31)
    await sender.close()
  })
})

describe('the wire form', () => {
  const row = { id: '11'.repeat(32), hash: '22'.repeat(32) }

  test('of sync messages is stable and survives a round trip', () => {
    const messages = [
      { type: 'digest', topic: 'roster', digests: new Uint8Array(4096) },
      { type: 'rows', differs: new Uint8Array(32), rows: [row], last: true },
      { type: 'want', rows: [row, row] },
      { type: 'records', envelopes: [Uint8Array.of(1, 2), Uint8Array.of(3)] },
      { type: 'done' },
    ] as const
    for (const message of messages) expect(decodeSync(encodeSync(message))).toEqual(message)
    expect(toHex(encodeSync(messages[2]))).toBe(`0302${`${row.id}${row.hash}`.repeat(2)}`)
    expect(toHex(encodeSync(messages[3]))).toBe('04' + '020102' + '0103')
    expect(toHex(encodeSync(messages[1]))).toBe(`0201${'00'.repeat(32)}01${row.id}${row.hash}`)
  })

  test('hostile bytes are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          decodeSync(bytes)
        } catch (error) {
          expect(['RangeError', 'TypeError']).toContain((error as Error).name)
        }
        try {
          decodeMessage(bytes)
        } catch (error) {
          expect((error as Error).name).toBe('RecordError')
        }
      }),
    )
    expect(() => decodeSync(Uint8Array.of(3, 255, 255, 3))).toThrow(RangeError)
  })
})
