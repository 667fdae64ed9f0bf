import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disguised, Fleet, nodeBinary, sha256Of, succeeded, until } from './fixture.ts'

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(3)
  await fleet.createPuddle('envoy1')
})
afterAll(() => fleet?.down())

const seed = Number(process.env['VIGO_TEST_SEED'] ?? Date.now() % 1_000_000)
let state = seed
/** Seeded, so that a failure can be tried again with VIGO_TEST_SEED. */
function random(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return state / 0x7fffffff
}

describe(`kill -9 (seed ${seed})`, () => {
  test('of the pulling agent at six moments loses nothing that was verified, and leaves nothing half-done', async () => {
    const sha = await fleet.push('envoy1', 'node:1', nodeBinary)
    await fleet.knows('envoy2', 'node:1')
    const atFullSpeed = fleet.slowDown('envoy1', 20, 40)
    let held = 0
    for (let kill = 0; kill < 6; kill++) {
      const pull = fleet.curator('envoy2', 'pull', 'node:1')
      await sleep(300 + random() * 900)
      await fleet.lab.kill('envoy2')
      const ran = await pull
      if (ran.code !== 0) expect(ran.code, ran.stderr).toBe(5)
      await fleet.lab.start('envoy2')
      const { store } = await fleet.lab.memberStatus('envoy2')
      expect(store.bytes + store.partialBytes).toBeGreaterThanOrEqual(held)
      held = store.bytes + store.partialBytes
    }
    atFullSpeed()
    const { path, report, blob } = await fleet.pull('envoy2', 'node:1')
    expect(await sha256Of(path)).toBe(sha)
    expect(report).toMatchObject({ bytesReused: held, bytesFetched: blob.sizeBytes - held })
    succeeded(await fleet.curator('envoy2', 'gc', '--older-than', '1s'))
    expect(await fleet.debris('envoy2')).toEqual([])
  })

  test('of the pushing agent publishes all of a push or nothing of it', async () => {
    const file = await disguised(fleet.path('pushed'), 0x33)
    const sha = await sha256Of(file)
    let acknowledged = 0
    for (let kill = 1; kill <= 4; kill++) {
      const push = fleet.curator('envoy1', 'push', `pushed-${kill}:1`, file)
      await sleep(300 + random() * 1_500)
      await fleet.lab.kill('envoy1')
      const ran = await push
      await fleet.lab.start('envoy1')
      if (ran.code !== 0) {
        expect(ran.code, ran.stderr).toBe(5)
        continue
      }
      acknowledged++
      expect(
        (await fleet.json<{ local: boolean }>('envoy1', 'swarm', 'curator', 'resolve', `pushed-${kill}:1`)).local,
      ).toBe(true)
    }
    succeeded(await fleet.curator('envoy1', 'push', 'pushed:1', file))
    await fleet.knows('envoy3', 'pushed:1')
    expect(await sha256Of((await fleet.pull('envoy3', 'pushed:1')).path)).toBe(sha)
    expect(await fleet.debris('envoy1')).toEqual([])
    expect(acknowledged).toBeLessThanOrEqual(4)
  })

  test('of an agent that collects garbage keeps what is published and pinned', async () => {
    const kept = await fleet.push('envoy1', 'kept:1', await disguised(fleet.path('kept'), 0x44))
    for (let i = 0; i < 4; i++) {
      await writeFile(fleet.path('old'), randomBytes(3_000_000))
      await fleet.push('envoy1', `old-${i}:1`, fleet.path('old'))
      await fleet.knows('envoy3', `old-${i}:1`)
      await fleet.pull('envoy3', `old-${i}:1`)
      succeeded(await fleet.curator('envoy1', 'rm', `old-${i}`))
    }
    succeeded(await fleet.curator('envoy3', 'prune'))
    for (const node of ['envoy1', 'envoy3']) {
      for (let kill = 0; kill < 2; kill++) {
        const collecting = fleet.curator(node, 'gc', '--older-than', '1s')
        await sleep(250 + random() * 200)
        await fleet.lab.kill(node)
        await collecting
        await fleet.lab.start(node)
      }
      await until(`${node} has let go of what was removed`, async () => {
        succeeded(await fleet.curator(node, 'gc', '--older-than', '1s'))
        return (await fleet.lab.memberStatus(node)).store.blobs <= 4
      })
      expect(await fleet.debris(node)).toEqual([])
    }
    expect(await sha256Of(fleet.blobFile('envoy1', kept))).toBe(kept)
    const { report } = await fleet.pull('envoy1', 'kept:1')
    expect(report.bytesFetched).toBe(0)
  })
})

describe('two machines of one puddle that publish apart from each other', () => {
  test('lose nothing: after the partition everybody has both versions', async () => {
    await fleet.lab.settled()
    const { stdout } = succeeded(await fleet.puddle('envoy1', 'pair'))
    const code = stdout.split('\n')[0]?.trim() ?? ''
    succeeded(await fleet.puddle('envoy2', 'join', '--from', 'envoy1', '--code', code))
    succeeded(await fleet.puddle('envoy2', 'unlock'))
    await writeFile(fleet.path('base'), 'base')
    await fleet.push('envoy1', 'shared:0', fleet.path('base'))
    for (const node of ['envoy2', 'envoy3']) await fleet.knows(node, 'shared@0')

    await fleet.lab.kill('envoy2', 'SIGTERM')
    await writeFile(fleet.path('left'), 'left')
    await fleet.push('envoy1', 'shared:1-left', fleet.path('left'), '--tag', 'left')
    for (const node of ['envoy1', 'envoy3', 'server']) await fleet.lab.kill(node, 'SIGTERM')
    await fleet.lab.start('envoy2')
    await writeFile(fleet.path('right'), 'right')
    await fleet.push('envoy2', 'shared:1-right', fleet.path('right'), '--tag', 'right')
    for (const node of ['envoy1', 'envoy3', 'server']) await fleet.lab.start(node)
    await fleet.lab.settled()

    for (const node of ['envoy1', 'envoy2', 'envoy3']) {
      for (const reference of ['shared@0', 'shared:left', 'shared:right']) await fleet.knows(node, reference)
    }
    expect((await fleet.pull('envoy3', 'shared:left')).version).toBe('1-left')
    expect((await fleet.pull('envoy3', 'shared:right')).version).toBe('1-right')
    // The next push of either machine has seen both.
    await fleet.push('envoy1', 'shared:2', fleet.path('base'))
    await fleet.knows('envoy2', 'shared@2')
    const [shared] = (
      await fleet.json<{ name: string; heads: number; versions: string[] }[]>('envoy2', 'swarm', 'curator', 'list')
    ).filter(({ name }) => name === 'shared')
    expect(shared).toMatchObject({ heads: 1, versions: expect.arrayContaining(['0', '1-left', '1-right', '2']) })
  })
})
