import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disguised, Fleet, nodeBinary, type Ran, type Running, sha256Of, succeeded, until } from './fixture.ts'

const envoys = ['envoy1', 'envoy2', 'envoy3', 'envoy4']

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(4)
  await fleet.createPuddle('envoy1')
})
afterAll(() => fleet?.down())

async function bytesFetched({ output }: Running): Promise<number> {
  const line = output.stderr.trimEnd().split('\n').at(-1) ?? ''
  return line.startsWith('{"phase"') ? (JSON.parse(line) as { bytesFetched: number }).bytesFetched : 0
}

function slowPull(node: string, reference: string): Running {
  return fleet.start(node, 'vigo', ['swarm', 'curator', 'pull', reference, '--json', '--progress', 'json'])
}

function errorOf({ stderr }: Ran): { code: string; message: string; details: Record<string, number> } {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '').error
}

describe('a fleet of one server and four envoys', () => {
  test('goes on with a pull whose only complete source died half-way, and fetches no verified chunk twice', async () => {
    const file = await disguised(fleet.path('solo'), 0x5a)
    const { size } = await (await import('node:fs/promises')).stat(file)
    await fleet.push('envoy1', 'solo:1', file)
    for (const node of ['envoy2', 'envoy3']) await fleet.knows(node, 'solo:1')

    const atFullSpeed = fleet.slowDown('envoy1')
    const third = slowPull('envoy3', 'solo:1')
    await until('envoy3 has almost half of it', async () => (await bytesFetched(third)) > size * 0.4)
    third.child.kill('SIGINT')
    expect(await third.ended).toMatchObject({ code: 130, stdout: '' })
    const held = (await fleet.lab.memberStatus('envoy3')).store.partialBytes
    expect(held).toBeGreaterThan(size * 0.3)
    expect(held).toBeLessThan(size * 0.9)

    const second = slowPull('envoy2', 'solo:1')
    await until('envoy2 has a third of it', async () => (await bytesFetched(second)) > size * 0.3)
    await fleet.lab.kill('envoy1')
    atFullSpeed()
    const given = await second.ended
    expect(given).toMatchObject({ code: 5, stdout: '' })
    const { code, message, details } = errorOf(given)
    expect(code).toBe('incomplete')
    expect(message).toMatch(
      / \d+ of \d+ chunks \([\d.]+ MiB\) are missing \(\d+(, \d+)*( …)?\): .+try again when a member/,
    )
    const missing = details['bytesMissing'] ?? 0
    expect(missing).toBeGreaterThan(0)
    expect(missing).toBeLessThan(size * 0.7)

    await fleet.lab.start('envoy1')
    const pulled = await fleet.pull('envoy2', 'solo:1')
    expect(pulled.report).toMatchObject({ bytesFetched: missing, bytesReused: size - missing })
    expect(await sha256Of(pulled.path)).toBe(pulled.blob.blobSha)
    // The chunks that were under way when the command was interrupted may have been verified after it ended.
    const kept = (await fleet.lab.memberStatus('envoy3')).store.partialBytes
    expect(kept).toBeGreaterThanOrEqual(held)
    const rest = await fleet.pull('envoy3', 'solo:1')
    expect(rest.report).toMatchObject({ bytesFetched: size - kept, bytesReused: kept })
    expect(await fleet.debris('envoy2')).toEqual([])
  })

  test("holds a push with target '*' on every envoy, byte for byte, and pulls it from there without the network", async () => {
    const sha = await fleet.push('envoy1', 'vigo-agent:1.0.0', nodeBinary, '--target', '*')
    expect(await sha256Of(nodeBinary)).toBe(sha)
    for (const node of envoys) {
      await until(`${node} holds the replica`, async () => {
        const { replicas } = await fleet.lab.memberStatus(node)
        return replicas.wanted === 1 && replicas.held === 1
      })
      expect(await sha256Of(fleet.blobFile(node, sha))).toBe(sha)
    }
    for (const node of envoys) {
      const { path, report, blob } = await fleet.pull(node, 'vigo-agent:1.0.0')
      expect(report).toMatchObject({ bytesFetched: 0, bytesReused: blob.sizeBytes })
      expect(await sha256Of(path)).toBe(sha)
    }
    succeeded(await fleet.curator('envoy1', 'set-target', 'vigo-agent', ''))
  })

  test('transfers of a version that differs by 1 % only the chunks that contain a difference', async () => {
    // Each place that changed costs the chunks that it touches, of about 256 KiB, whatever its own length: three places of
    // together 1 % of this file bring a few of them more.
    const before = await readFile(nodeBinary)
    const part = Math.floor(before.length / 300)
    const changed = Buffer.from(before)
    for (const at of [0.2, 0.5]) {
      const from = Math.floor(before.length * at)
      for (let i = from; i < from + part; i++) changed[i] = (changed[i] ?? 0) ^ 0xff
    }
    const place = Math.floor(before.length * 0.8)
    const inserted = Buffer.alloc(part, 'inserted ')
    const after = Buffer.concat([changed.subarray(0, place), inserted, changed.subarray(place)])
    await writeFile(fleet.path('v2'), after)
    const sha = await fleet.push('envoy1', 'vigo-agent:1.0.1', fleet.path('v2'))
    await fleet.knows('envoy4', 'vigo-agent@1.0.1')
    const { report, blob, path } = await fleet.pull('envoy4', 'vigo-agent@1.0.1')
    expect(await sha256Of(path)).toBe(sha)
    expect(report.bytesFetched + report.bytesReused).toBe(blob.sizeBytes)
    expect(report.bytesFetched).toBeGreaterThanOrEqual(3 * part)
    expect(report.bytesFetched).toBeLessThan(blob.sizeBytes * 0.025)
  })

  test('pushes and pulls with the server dead, also after every envoy was restarted', async () => {
    await fleet.lab.kill('server')
    await writeFile(fleet.path('small'), 'published without a server\n')
    await fleet.push('envoy1', 'small:1', fleet.path('small'))
    await fleet.knows('envoy2', 'small:1')
    const { path } = await fleet.pull('envoy2', 'small:1')
    expect(await readFile(path, 'utf8')).toBe('published without a server\n')

    await Promise.all(envoys.map(node => fleet.lab.kill(node, 'SIGTERM')))
    for (const node of envoys) await fleet.lab.start(node)
    await fleet.lab.settled()
    await writeFile(fleet.path('small'), 'and after a restart of everybody\n')
    await fleet.push('envoy1', 'small:2', fleet.path('small'))
    await fleet.knows('envoy3', 'small:2')
    const second = await fleet.pull('envoy3', 'small@2')
    expect(second.report.bytesFetched).toBeGreaterThan(0)
    expect(await readFile(second.path, 'utf8')).toBe('and after a restart of everybody\n')
  })
})
