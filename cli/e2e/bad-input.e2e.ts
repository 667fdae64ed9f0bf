import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, nodeBinary, refusal, sha256Of, succeeded, until } from './fixture.ts'

let fleet: Fleet
let file: string
beforeAll(async () => {
  fleet = await Fleet.up(2)
  await fleet.createPuddle('envoy1')
  file = fleet.path('file')
  await writeFile(file, randomBytes(300_000))
  await fleet.push('envoy1', 'tool:1.0', file)
  await fleet.knows('envoy2', 'tool')
})
afterAll(() => fleet?.down())

describe('a command line that makes no sense', () => {
  test.each([
    [['pull', 'tool', '--frob'], 2, /unknown option '--frob'/],
    [['pull'], 2, /missing required argument/],
    [['frobnicate'], 2, /unknown command/],
    [['pull', 'a/b/c'], 2, /not an artifact reference/],
    [['pull', '../tool'], 2, /not an artifact reference/],
    [['pull', 'tool:../x'], 2, /not an artifact reference/],
    [['pull', `tool:${'x'.repeat(300)}`], 2, /not an artifact reference/],
    [['pull', 'nothing'], 3, /no artifact 'nothing'/],
    [['pull', 'nobody/tool'], 3, /no puddle is called 'nobody'/],
    [['pull', `${'ab'.repeat(32)}/tool`], 3, /tool/],
    [['pull', 'tool@9'], 3, /no version 9; it has 1.0/],
    [['pull', 'tool:beta'], 3, /no tag beta \(tags: latest; versions: 1.0\)/],
    [['pull', 'tool', '--platform', 'plan9/mips'], 3, /not published for plan9\/mips/],
    [['pull', 'tool', '--platform', 'linux'], 2, /<os>\/<arch>/],
    [['pull', 'tool', '--progress', 'dance'], 2, /auto, bar, json/],
    [['pull', 'tool', '--output', '/no/such/folder/tool'], 2, /\/no\/such\/folder/],
    [['pull', 'tool', '--output', '/'], 2, /folder/],
    [['tag', 'tool', '1.0'], 2, /names no tag/],
    [['gc', '--older-than', 'soon'], 2, /soon/],
  ])('%j is refused in one sentence', async (args, code, message) => {
    expect(refusal(await fleet.curator('envoy1', ...args), code)).toMatch(message)
  })

  test.each([
    [['tool:1.0'], 2, /which file/],
    [['tool', 'FILE'], 2, /which version/],
    [['tool:1.0', '/no/such/file'], 2, /there is no file/],
    [['tool:1.0', '/'], 2, /not a file/],
    [['Tool:1.0', 'FILE'], 2, /name/],
    [['../tool:1.0', 'FILE'], 2, /name/],
    [['tool:1 0', 'FILE'], 2, /version '1 0'/],
    [['tool:2.0', 'FILE', '--version', '3.0'], 2, /two versions/],
    [['tool:2.0', 'FILE', '--platform', 'Linux'], 2, /<os>\/<arch>/],
    [['tool:2.0', 'FILE', '--os', 'Plan 9'], 2, /os/],
    [['other:2.0', 'FILE', '--kind', 'picture'], 2, /kind/],
    [['tool:2.0', 'FILE', '--kind', 'oci-archive'], 4, /its kind cannot become oci-archive/],
    [['tool:2.0', 'FILE', '--tag', 'a b'], 2, /tag/],
    [['tool:2.0', 'FILE', '--target', 'a b'], 2, /target/],
    [['tool:1.0', nodeBinary], 4, /published with other bytes/],
  ])('push %j is refused in one sentence and leaves nothing behind', async (args, code, message) => {
    const given = args.map(arg => (arg === 'FILE' ? file : arg))
    expect(refusal(await fleet.curator('envoy1', 'push', ...given), code)).toMatch(message)
    expect((await fleet.lab.memberStatus('envoy1')).store).toMatchObject({ blobs: 1, partialBytes: 0 })
    expect(await fleet.debris('envoy1')).toEqual([])
  })

  test('has changed nothing in the catalog', async () => {
    const artifacts = await fleet.json<{ name: string; versions: string[] }[]>('envoy1', 'swarm', 'curator', 'list')
    expect(artifacts.map(({ name, versions }) => [name, versions])).toEqual([['tool', ['1.0']]])
  })

  test('answers with an object when --json is given', async () => {
    const ran = await fleet.curator('envoy1', 'pull', 'nothing', '--json')
    expect(ran).toMatchObject({ code: 3, stdout: '' })
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'unknown-artifact' } })
  })
})

describe('a machine that is not ready', () => {
  test('without a puddle, with a locked one, or without an agent says which command helps', async () => {
    expect(refusal(await fleet.curator('envoy2', 'push', 'x:1', file), 3)).toMatch(/vigo swarm puddle init/)
    succeeded(await fleet.puddle('envoy1', 'lock'))
    expect(refusal(await fleet.curator('envoy1', 'push', 'x:1', file), 4)).toMatch(/vigo swarm puddle unlock/)
    succeeded(await fleet.puddle('envoy1', 'unlock'))
    await fleet.lab.kill('envoy2', 'SIGTERM')
    expect(refusal(await fleet.curator('envoy2', 'pull', 'tool'), 5)).toMatch(/agent of this machine is not running/)
    await fleet.lab.start('envoy2')
    await fleet.lab.kill('envoy2')
    expect(refusal(await fleet.vigo('envoy2', 'status'), 5)).toMatch(/agent of this machine is not running/)
    await fleet.lab.start('envoy2')
    await fleet.lab.settled()
  })

  test('with a limit on the size of artifacts refuses a file above it', async () => {
    const path = fleet.path('envoy1/etc/vigo/agent.yaml')
    const settings = await readFile(path, 'utf8')
    await writeFile(path, settings.replace('curator:', 'curator:\n    max_bytes: 1MiB'))
    await fleet.restart('envoy1')
    expect(refusal(await fleet.curator('envoy1', 'push', 'big:1', nodeBinary), 4)).toMatch(/swarm.curator.max_bytes/)
    await writeFile(path, settings)
    await fleet.restart('envoy1')
    await fleet.lab.settled()
    expect((await fleet.lab.memberStatus('envoy1')).store.blobs).toBe(1)
  })
})

describe('a file that is written to while it is pushed', () => {
  test('is refused as changed, and nothing of it is published', async () => {
    const moving = fleet.path('moving')
    await writeFile(moving, await readFile(nodeBinary))
    let writing = true
    const writer = (async () => {
      for (let i = 0; writing; i++) await appendFile(moving, `line ${i}\n`)
    })()
    const ran = await fleet.curator('envoy1', 'push', 'moving:1', moving)
    writing = false
    await writer
    expect(refusal(ran, 1)).toMatch(/changed/)
    expect(refusal(await fleet.curator('envoy1', 'resolve', 'moving:1'), 3)).toMatch(/moving/)
    expect(await fleet.debris('envoy1')).toEqual([])
    expect((await fleet.lab.memberStatus('envoy1')).store.blobs).toBe(1)
  })
})

describe('a pull that is interrupted', () => {
  const start = () => fleet.start('envoy2', 'vigo', ['swarm', 'curator', 'pull', 'node:1', '--progress', 'json'])

  const half = (stderr: string): boolean =>
    stderr.split('\n').some(line => line.startsWith('{') && line.endsWith('}') && JSON.parse(line).bytesFetched > 3e7)

  test('by Ctrl-C, by the death of the command or of the agent stops, and the next one goes on from there', async () => {
    const sha = await fleet.push('envoy1', 'node:1', nodeBinary)
    await fleet.knows('envoy2', 'node:1')
    const atFullSpeed = fleet.slowDown('envoy1')
    const interrupted = start()
    await until('some of it is there', () => half(interrupted.output.stderr))
    interrupted.child.kill('SIGINT')
    const ran = await interrupted.ended
    expect(ran.code).toBe(130)
    expect(ran.stderr.trimEnd().split('\n').at(-1)).toBe('vigo: interrupted')
    await until('the agent has stopped too', async () => (await transfers()) === 0, 5_000)

    const killed = start()
    await until('it goes on', async () => (await transfers()) === 1)
    killed.child.kill('SIGKILL')
    await killed.ended
    await until('the agent has stopped too', async () => (await transfers()) === 0, 5_000)

    const orphaned = start()
    await until('it goes on', async () => (await transfers()) === 1)
    await fleet.lab.kill('envoy2')
    const without = await orphaned.ended
    expect(without.code).toBe(5)
    expect(without.stderr.trimEnd().split('\n').at(-1)).toMatch(/^vigo: the vigo agent of this machine .+see its log$/)
    atFullSpeed()

    await fleet.lab.start('envoy2')
    await fleet.knows('envoy2', 'node:1')
    const { report, path, blob } = await fleet.pull('envoy2', 'node:1')
    expect(report.bytesReused).toBeGreaterThan(2e7)
    expect(report.bytesFetched + report.bytesReused).toBe(blob.sizeBytes)
    expect(await sha256Of(path)).toBe(sha)
    expect(await fleet.debris('envoy2')).toEqual([])
  })

  test('tells programs its progress as JSON lines, and copies to a file of the caller', async () => {
    await mkdir(fleet.path('out'))
    const output = fleet.path('out/node')
    const ran = await fleet.curator('envoy2', 'pull', 'node:1', '--output', output, '--progress', 'json', '--json')
    expect(ran.code).toBe(0)
    for (const line of ran.stderr.trim().split('\n').filter(Boolean)) {
      expect(JSON.parse(line)).toMatchObject({ phase: expect.any(String), bytesTotal: expect.any(Number) })
    }
    expect(JSON.parse(ran.stdout)).toMatchObject({ output, report: { bytesFetched: 0 } })
    expect(await sha256Of(output)).toBe(await sha256Of(nodeBinary))
    expect(await readdir(fleet.path('out'))).toEqual(['node'])
  })

  const transfers = async (): Promise<number> => (await fleet.lab.memberStatus('envoy2')).transfers.length
})
