import { randomBytes } from 'node:crypto'
import { open, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layout } from '#node/kit'
import { Fleet, refusal, sha256Of, succeeded, until } from './fixture.ts'
import { entriesOf, gossip, secondParty } from './second-party.ts'

let fleet: Fleet
let fleetId: string
beforeAll(async () => {
  fleet = await Fleet.up(3)
  fleetId = (await fleet.lab.memberStatus('server')).fleet
  await fleet.createPuddle('envoy1')
})
afterAll(() => fleet?.down())

async function flipBytes(path: string, positions: readonly number[]): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (const position of positions) await file.write(Buffer.from('not what was published'), 0, 22, position)
  } finally {
    await file.close()
  }
}

describe('a blob file that was tampered with on its only holder', () => {
  test('while the agent ran, or while it was stopped, is never served; another push of the file mends it', async () => {
    const names = ['running', 'stopped']
    const shas = new Map<string, string>()
    for (const name of names) {
      await writeFile(fleet.path(name), randomBytes(9_000_000))
      shas.set(name, await fleet.push('envoy1', `${name}:1`, fleet.path(name)))
      await fleet.knows('envoy2', `${name}:1`)
    }
    const fileOf = (name: string): string => fleet.blobFile('envoy1', shas.get(name) ?? '')
    await fleet.lab.kill('envoy1', 'SIGTERM')
    await flipBytes(fileOf('stopped'), [4_000_000])
    await fleet.lab.start('envoy1')
    await fleet.lab.settled()
    await flipBytes(fileOf('running'), [10, 8_000_000])

    const pulls = await Promise.all(names.map(name => fleet.curator('envoy2', 'pull', `${name}:1`)))
    for (const pull of pulls) expect(refusal(pull, 5)).toMatch(/is incomplete, \d+ of \d+ chunks/)
    for (const sha of shas.values()) await fleet.logged('envoy1', 'blob-corrupt', { blob: sha })
    const { store } = await fleet.lab.memberStatus('envoy2')
    expect(store.blobs).toBe(0)

    for (const name of names) {
      await fleet.push('envoy1', `${name}:1`, fleet.path(name))
      const { path, report } = await fleet.pull('envoy2', `${name}:1`)
      expect(await sha256Of(path)).toBe(shas.get(name))
      expect(report.bytesReused).toBeGreaterThan(0)
    }
  })

  test('and pulled on that machine itself is refused, not handed out', async () => {
    const path = fleet.path('alone')
    await writeFile(path, randomBytes(3_000_000))
    const sha = await fleet.push('envoy1', 'alone:1', path)
    await fleet.pull('envoy2', 'alone:1')
    await flipBytes(fleet.blobFile('envoy1', sha), [1_000_000])
    // The neighbour has the true bytes, so the pull here mends the damage.
    const mended = await fleet.pull('envoy1', 'alone:1')
    expect(await sha256Of(mended.path)).toBe(sha)
    await fleet.logged('envoy1', 'blob-corrupt', { blob: sha })
  })
})

describe('a database that was tampered with while its machine was stopped', () => {
  test('loses the changed records at the next start, says so, and has the true ones back from a neighbour', async () => {
    await fleet.lab.kill('envoy2', 'SIGTERM')
    const db = new Level(layout(fleet.path('envoy2')).db)
    let changed = 0
    for (const table of ['catalog', 'roster']) {
      const rows = db.sublevel<string, Uint8Array>(table, { keyEncoding: 'utf8', valueEncoding: 'view' })
      for await (const [key, bytes] of rows.iterator()) {
        const text = Buffer.from(bytes).toString('latin1')
        const forged = text.replace('"envoy3"', '"envoy9"').replace(/"latest":"1"/, '"latest":"2"')
        if (forged === text) continue
        await rows.put(key, Buffer.from(forged, 'latin1'))
        changed++
      }
    }
    await db.close()
    expect(changed).toBeGreaterThanOrEqual(2)
    const before = (await fleet.logOf('envoy2')).length
    await fleet.lab.start('envoy2')
    const dropped = (await fleet.logOf('envoy2')).slice(before).filter(line => line.event === 'record-dropped')
    expect(dropped).toHaveLength(changed)
    await fleet.knows('envoy2', 'running:1')
    await until('the roster is whole again', async () => (await fleet.lab.memberStatus('envoy2')).members === 4)
  })
})

describe('a member that replays and forges', () => {
  test('old entries finds them refused and logged, also after the artifact was removed and after a restart', async () => {
    const file = fleet.path('doc')
    await writeFile(file, 'first')
    await fleet.push('envoy1', 'doc:1', file)
    const [first] = await entriesOf(fleet, 'envoy1', 'doc')
    await writeFile(file, 'second')
    await fleet.push('envoy1', 'doc:2', file)
    await fleet.knows('envoy2', 'doc@2')
    const [second] = await entriesOf(fleet, 'envoy1', 'doc')
    if (first === undefined || second === undefined) throw new Error('doc has no entry')
    const { peer } = await fleet.lab.memberStatus('envoy3')
    await fleet.lab.kill('envoy3', 'SIGTERM')
    const member = await secondParty(fleet, { as: 'envoy3', of: ['envoy1', 'envoy2'] })
    try {
      await gossip(member, fleetId, [first, first])
      await fleet.logged('envoy1', 'record-outdated', { peer, topic: 'catalog' })
      await fleet.logged('envoy2', 'record-outdated', { peer, topic: 'catalog' })
      expect((await fleet.json<{ version: string }>('envoy2', 'swarm', 'curator', 'resolve', 'doc')).version).toBe('2')

      succeeded(await fleet.curator('envoy1', 'rm', 'doc'))
      await until('the removal is known', async () => (await fleet.curator('envoy2', 'resolve', 'doc')).code === 3)
      await fleet.restart('envoy1')
      await gossip(member, fleetId, [second, first, second])
      await fleet.logged('envoy2', 'record-outdated', { peer, count: 3 })
      for (const node of ['envoy1', 'envoy2']) {
        expect(refusal(await fleet.curator(node, 'resolve', 'doc'), 3)).toMatch(/no artifact 'doc'/)
      }

      const forged = { ...second, signature: new Uint8Array(randomBytes(64)), hash: first.hash }
      await gossip(member, fleetId, [{ ...forged, body: first.body, bodyBytes: first.bodyBytes }, forged])
      expect(refusal(await fleet.curator('envoy2', 'resolve', 'doc'), 3)).toMatch(/no artifact 'doc'/)
    } finally {
      await member.close()
      await fleet.lab.start('envoy3')
    }
  })

  test('an entry with a changed body finds it refused by name', async () => {
    await writeFile(fleet.path('forge'), 'honest')
    await fleet.push('envoy1', 'forge:1', fleet.path('forge'))
    await fleet.knows('envoy2', 'forge:1')
    const [entry] = await entriesOf(fleet, 'envoy1', 'forge')
    if (entry === undefined) throw new Error('forge has no entry')
    await fleet.lab.settled()
    const { peer } = await fleet.lab.memberStatus('envoy3')
    await fleet.lab.kill('envoy3', 'SIGTERM')
    const member = await secondParty(fleet, { as: 'envoy3', of: ['envoy1', 'envoy2'] })
    try {
      const text = new TextDecoder().decode(entry.bodyBytes).replace('"seq":1', '"seq":9')
      await gossip(member, fleetId, [{ ...entry, bodyBytes: new TextEncoder().encode(text) }])
      await fleet.logged('envoy2', 'record-refused', { peer, reason: 'bad-signature' })
      expect((await fleet.json<{ version: string }>('envoy2', 'swarm', 'curator', 'resolve', 'forge')).version).toBe(
        '1',
      )
    } finally {
      await member.close()
      await fleet.lab.start('envoy3')
    }
  })
})

describe('a stranger', () => {
  test('that dials in is refused and logged, on every protocol, and is nobody’s neighbour', async () => {
    const stranger = await secondParty(fleet, { of: ['envoy1', 'envoy2', 'server'] })
    try {
      for (const node of ['envoy1', 'envoy2', 'server']) {
        const { peer, addresses } = await fleet.lab.memberStatus(node)
        await stranger.addAddresses(peer, addresses.slice(0, 1))
        for (const protocol of ['/vigo/sync/1', '/vigo/blobs/1', '/vigo/peers/1', '/vigo/pair/1', '/vigo/enroll/1']) {
          const talk = async (): Promise<unknown> => {
            const signal = AbortSignal.timeout(10_000)
            const stream = await stranger.open(peer, protocol, { maxFrameBytes: 1_000_000, signal })
            await stream.send(Uint8Array.of(1), { signal })
            const answer = await stream.receive({ signal })
            if (answer === null) throw new Error('closed without an answer')
            return answer
          }
          await expect(talk(), `${protocol} of ${node}`).rejects.toThrow()
        }
        await fleet.logged(node, 'stranger-refused', { peer: stranger.peerId })
        const { peers } = await fleet.lab.memberStatus(node)
        expect(peers.map(other => other.peer)).not.toContain(stranger.peerId)
      }
      expect(stranger.gossip.subscribers(`/vigo/${fleetId}/catalog/1`)).toEqual([])
      await until('no connection is left', () => stranger.peers().length === 0)
    } finally {
      await stranger.close()
    }
  })
})

describe('a member that is revoked', () => {
  test('is cut off by everybody within seconds and stays out when all are started again', async () => {
    await fleet.lab.settled()
    const { peer } = await fleet.lab.memberStatus('envoy3')
    succeeded(await fleet.start('server', 'vigosrv', ['members', 'revoke', 'envoy3', '--reason', 'lost']).ended)
    const others = ['server', 'envoy1', 'envoy2']
    const isShunned = async (): Promise<boolean> => {
      const lists = await Promise.all(others.map(async node => (await fleet.lab.memberStatus(node)).peers))
      return lists.flat().every(neighbour => neighbour.peer !== peer)
    }
    const isOut = async (): Promise<boolean> =>
      (await isShunned()) && (await fleet.lab.memberStatus('envoy3')).peers.length === 0
    await until('envoy3 is alone', isOut)
    for (const node of others) await fleet.logged(node, 'member-out', { peer })
    await fleet.restart('envoy3', ...others)
    await fleet.logged('envoy1', 'stranger-refused', { peer })
    // What it dials itself looks connected to it for a moment, until the other side has refused.
    for (let look = 0; look < 10; look++) {
      expect(await isShunned()).toBe(true)
      await sleep(200)
    }
    await until('envoy3 is alone again', isOut)
  })
})
