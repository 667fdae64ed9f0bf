import { cp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppliedBundle } from '#node/api'
import { disguised, Fleet, refusal, sha256Of, succeeded, until } from './fixture.ts'

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(2)
  await fleet.createPuddle('envoy1')
  succeeded(await fleet.puddle('envoy1', 'name', 'ops'))
})
afterAll(() => fleet?.down())

const bundle = (node: string, ...args: string[]) => fleet.vigo(node, 'swarm', 'bundle', ...args)

/** Everything that a machine has but its identity and what it knows of its fleet's members. */
async function isolate(node: string): Promise<void> {
  for (const other of ['server', 'envoy1']) await fleet.lab.kill(other, 'SIGTERM')
  await rm(fleet.state(node, 'swarm'), { recursive: true })
  await fleet.lab.start(node)
}

describe('an air gap', () => {
  test('is crossed by one file: catalog and blobs arrive, verified, and a second time nothing changes', async () => {
    const file = await disguised(fleet.path('image'), 0x33)
    await fleet.lab.kill('envoy2', 'SIGTERM')
    const sha = await fleet.push('envoy1', 'image:1', file)
    const made = await fleet.json<{ sizeBytes: number }>(
      'envoy1',
      'swarm',
      'bundle',
      'create',
      '-o',
      fleet.path('stick.bundle'),
    )
    expect(made.sizeBytes).toBeGreaterThan((await stat(file)).size)
    await isolate('envoy2')
    expect(refusal(await fleet.curator('envoy2', 'resolve', 'ops/image:1'), 3)).toMatch(/known here/)

    const applied = await fleet.json<AppliedBundle>('envoy2', 'swarm', 'bundle', 'apply', fleet.path('stick.bundle'))
    expect(applied).toMatchObject({ blobs: { fresh: 1, refused: 0 }, records: { refused: 0 }, problems: [] })
    const pulled = await fleet.pull('envoy2', 'ops/image:1')
    expect(pulled.report.bytesFetched).toBe(0)
    expect(await sha256Of(pulled.path)).toBe(sha)

    const again = await fleet.json<AppliedBundle>('envoy2', 'swarm', 'bundle', 'apply', fleet.path('stick.bundle'))
    expect(again).toMatchObject({ blobs: { fresh: 0, known: 1 }, records: { fresh: 0, refused: 0 } })
  })

  test('a bundle that was cut off brings what was whole, says so, and is finished by a complete copy', async () => {
    await fleet.lab.start('envoy1')
    const file = await disguised(fleet.path('second'), 0x44)
    await fleet.lab.kill('envoy2', 'SIGTERM')
    await fleet.push('envoy1', 'second:1', file)
    succeeded(await bundle('envoy1', 'create', '--since', '1h', '-o', fleet.path('whole.bundle')))
    await fleet.lab.kill('envoy1', 'SIGTERM')
    await fleet.lab.start('envoy2')
    await cp(fleet.path('whole.bundle'), fleet.path('cut.bundle'))
    await truncate(fleet.path('cut.bundle'), (await stat(fleet.path('whole.bundle'))).size - 1_000_000)
    expect(refusal(await bundle('envoy2', 'apply', fleet.path('cut.bundle')), 2)).toMatch(/cut off/)
    expect((await fleet.curator('envoy2', 'resolve', 'ops/second:1')).code).toBe(0)
    const applied = await fleet.json<AppliedBundle>('envoy2', 'swarm', 'bundle', 'apply', fleet.path('whole.bundle'))
    expect(applied.problems).toEqual([])
    expect((await fleet.pull('envoy2', 'ops/second:1')).report.bytesFetched).toBe(0)
  })

  test('what is no bundle, damaged, or another fleet’s is refused and changes nothing', async () => {
    const records = async () => (await fleet.lab.memberStatus('envoy2')).records
    const before = await records()
    expect(refusal(await bundle('envoy2', 'apply', process.execPath), 2)).toMatch(/no bundle/)
    const bytes = await readFile(fleet.path('whole.bundle'))
    const fleetId = /[0-9a-f]{64}/.exec(bytes.subarray(0, 200).toString('latin1'))?.[0] ?? ''
    await writeFile(
      fleet.path('foreign.bundle'),
      Buffer.from(bytes.toString('latin1').replace(fleetId, 'ab'.repeat(32)), 'latin1'),
    )
    expect(refusal(await bundle('envoy2', 'apply', fleet.path('foreign.bundle')), 4)).toMatch(/is of fleet abab/)
    expect(await records()).toEqual(before)
    await until('the agent is well', async () => (await fleet.vigo('envoy2', 'status')).code === 0)
  })
})
