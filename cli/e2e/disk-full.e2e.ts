import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open, readdir, rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '#node/kit'
import { Fleet, nodeBinary, refusal, sha256Of, succeeded, until } from './fixture.ts'

let fleet: Fleet
/** Why the small disk could not be made, or null. */
let noDisk: string | null = null

/** Moves a stopped machine to a file system of 64 MiB. */
function ontoSmallDisk(node: string): string | null {
  const root = fleet.path(node)
  const copy = fleet.path(`${node}-moved`)
  for (const [program, ...args] of [
    ['cp', '-a', root, copy],
    ['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', root],
    ['cp', '-a', `${copy}/.`, root],
  ] as const) {
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 })
    if (status !== 0) return `${program}: ${error?.message ?? stderr.trim()}`
  }
  return null
}

beforeAll(async () => {
  fleet = await Fleet.up(2)
  await fleet.createPuddle('envoy1')
  await fleet.lab.kill('envoy2', 'SIGTERM')
  noDisk = ontoSmallDisk('envoy2')
  await fleet.lab.start('envoy2')
  await fleet.lab.settled()
})
afterAll(async () => {
  await fleet?.lab.down()
  if (fleet !== undefined && noDisk === null) spawnSync('umount', [fleet.path('envoy2')])
  await fleet?.down()
})

/** Fills the machine's disk to the last byte. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (let piece = 1_000_000; piece >= 1; ) {
      try {
        const { bytesWritten } = await file.write(Buffer.alloc(piece))
        if (bytesWritten < piece) piece = Math.floor(piece / 10)
      } catch (error) {
        if (codeOf(error) !== 'ENOSPC') throw error
        piece = Math.floor(piece / 10)
      }
    }
  } finally {
    await file.close()
  }
}

describe('a machine whose disk is too small', () => {
  test('refuses a pull that cannot fit before it begins, leaves nothing of it, and pulls what fits', async context => {
    if (noDisk !== null) context.skip(`no small disk could be mounted: ${noDisk}`)
    await fleet.push('envoy1', 'node:1', nodeBinary)
    await fleet.knows('envoy2', 'node:1')
    const sentence = refusal(await fleet.curator('envoy2', 'pull', 'node:1'), 1)
    expect(sentence).toMatch(/does not fit on the disk: .+ are needed .+ are free/)
    const json = await fleet.curator('envoy2', 'pull', 'node:1', '--json')
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'disk-full' } })
    const { store, transfers } = await fleet.lab.memberStatus('envoy2')
    expect({ ...store, transfers }).toMatchObject({ blobs: 0, partialBytes: 0, transfers: [] })
    expect(await fleet.debris('envoy2')).toEqual([])

    await writeFile(fleet.path('fits'), randomBytes(5_000_000))
    const sha = await fleet.push('envoy1', 'fits:1', fleet.path('fits'))
    await fleet.knows('envoy2', 'fits:1')
    expect(await sha256Of((await fleet.pull('envoy2', 'fits:1')).path)).toBe(sha)
  })

  test('refuses a push and a replica that cannot fit, and says so', async context => {
    if (noDisk !== null) context.skip(`no small disk could be mounted: ${noDisk}`)
    await fleet.createPuddle('envoy2')
    expect(refusal(await fleet.curator('envoy2', 'push', 'big:1', nodeBinary), 1)).toMatch(/are needed .+ are free/)
    expect(await fleet.debris('envoy2')).toEqual([])
    succeeded(await fleet.curator('envoy1', 'set-target', 'node', 'envoy2'))
    await until('the status says why', async () => {
      const { replicas } = await fleet.lab.memberStatus('envoy2')
      return replicas.failures.some(({ reason }) => /does not fit on the disk/.test(reason))
    })
    succeeded(await fleet.curator('envoy1', 'set-target', 'node', ''))
  })

  test('whose disk somebody fills during a pull says so, and goes on with it when there is room again', async context => {
    if (noDisk !== null) context.skip(`no small disk could be mounted: ${noDisk}`)
    await writeFile(fleet.path('half'), randomBytes(30_000_000))
    const sha = await fleet.push('envoy1', 'half:1', fleet.path('half'))
    await fleet.knows('envoy2', 'half:1')
    // So slow that a test on a busy machine sees the beginning and fills the disk before the end.
    const atFullSpeed = fleet.slowDown('envoy1', 5, 495)
    const pull = fleet.curator('envoy2', 'pull', 'half:1')
    await until('some of it is here', async () => {
      const { transfers } = await fleet.lab.memberStatus('envoy2')
      return (transfers[0]?.bytesFetched ?? 0) > 2_000_000
    })
    const junk = fleet.path('envoy2/junk')
    await fill(junk)
    atFullSpeed()
    expect(refusal(await pull, 1)).toMatch(/disk/)
    // The database is written until it cannot; what it acknowledges before and afterwards must survive a restart.
    let refused = false
    for (let i = 0; i < 20 && !refused; i++) {
      const ran = await fleet.puddle('envoy2', 'name', `${'long-'.repeat(11)}${i}`)
      refused = ran.code !== 0
      if (refused) expect(refusal(ran, 1)).toMatch(/disk is full/)
    }
    expect(refused).toBe(true)
    await rm(junk)
    succeeded(await fleet.puddle('envoy2', 'name', 'small'))

    const { path, report } = await fleet.pull('envoy2', 'half:1')
    expect(await sha256Of(path)).toBe(sha)
    // What could not be recorded any more is fetched again; nothing is counted twice.
    expect(report.bytesReused + report.bytesFetched).toBe(30_000_000)
    expect(await readdir(fleet.state('envoy2', 'swarm/partial'))).toEqual([])
    await fleet.restart('envoy2')
    expect(await fleet.json('envoy2', 'swarm', 'puddle', 'status')).toMatchObject({ name: 'small' })
    expect((await fleet.pull('envoy2', 'half:1')).report.bytesFetched).toBe(0)
  })
})
