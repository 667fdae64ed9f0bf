import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ArtifactDetail } from '#node/api'
import { layout } from '#node/kit'
import { Fleet, refusal, succeeded, until } from './fixture.ts'

let fleet: Fleet
let key: string
let file: string
beforeAll(async () => {
  fleet = await Fleet.up(3)
  key = await fleet.createPuddle('envoy1')
  file = fleet.path('file')
  await writeFile(file, 'one')
})
afterAll(() => fleet?.down())

const statusOf = (node: string): Promise<{ publicKey: string; unlocked: boolean; name: string | null }> =>
  fleet.json(node, 'swarm', 'puddle', 'status')

async function pair(node: string): Promise<string> {
  const { stdout } = succeeded(await fleet.puddle(node, 'pair'))
  return stdout.split('\n')[0]?.trim() ?? ''
}

describe('a puddle', () => {
  test('is founded once, opens with its passphrase only, and claims a name', async () => {
    expect(refusal(await fleet.puddle('envoy1', 'init'), 4)).toMatch(/puddle leave/)
    succeeded(await fleet.puddle('envoy1', 'lock'))
    const wrong = fleet.path('wrong')
    await writeFile(wrong, 'not the passphrase\n')
    expect(refusal(await fleet.puddle('envoy1', 'unlock', '--passphrase-file', wrong), 4)).toMatch(
      /passphrase is wrong/,
    )
    expect(refusal(await fleet.puddle('envoy1', 'unlock', '--passphrase-file', '/no/file'), 2)).toMatch(/\/no\/file/)
    expect(refusal(await fleet.puddle('envoy2', 'unlock'), 3)).toMatch(/puddle init/)
    expect((await statusOf('envoy1')).unlocked).toBe(false)
    succeeded(await fleet.puddle('envoy1', 'unlock'))
    expect(refusal(await fleet.puddle('envoy1', 'name', 'No Good'), 2)).toMatch(/name/)
    succeeded(await fleet.puddle('envoy1', 'name', 'ops'))
    expect(await statusOf('envoy1')).toMatchObject({ publicKey: key, unlocked: true, name: 'ops' })
    await fleet.push('envoy1', 'tool:1', file)
    await fleet.knows('envoy2', 'ops/tool')
  })

  test('comes to a second machine with a code, once; a wrong code three times ends the offer', async () => {
    const code = await pair('envoy1')
    const join = (node: string, given: string) => fleet.puddle(node, 'join', '--from', 'envoy1', '--code', given)
    for (const left of ['wrong code', 'wrong code', 'the pairing is closed now']) {
      expect(refusal(await join('envoy2', 'AAAA-BBBB-CCCC'), 4)).toContain(left)
    }
    expect(refusal(await join('envoy2', code), 4)).toMatch(/no pairing open/)
    expect(refusal(await fleet.puddle('envoy2', 'join', '--from', 'nobody', '--code', code), 3)).toMatch(/nobody/)
    expect(refusal(await fleet.puddle('envoy2', 'join', '--from', 'envoy1'), 2)).toMatch(/--code/)

    const good = await pair('envoy1')
    succeeded(await join('envoy2', good.toLowerCase().replaceAll('-', ' ')))
    expect(refusal(await join('envoy3', good), 4)).toMatch(/no pairing open/)
    succeeded(await fleet.puddle('envoy2', 'unlock'))
    expect((await statusOf('envoy2')).publicKey).toBe(key)
    await writeFile(file, 'two')
    await fleet.push('envoy2', 'tool:2', file)
    await fleet.knows('envoy3', 'ops/tool@2')
    expect(await readFile((await fleet.pull('envoy3', 'ops/tool')).path, 'utf8')).toBe('two')
  })

  test('has another passphrase after it was rotated', async () => {
    const next = fleet.path('next')
    await writeFile(next, 'a quite different one\n')
    succeeded(await fleet.puddle('envoy2', 'rotate-passphrase', '--new-passphrase-file', next))
    expect(refusal(await fleet.puddle('envoy2', 'unlock'), 4)).toMatch(/passphrase is wrong/)
    succeeded(await fleet.puddle('envoy2', 'unlock', '--passphrase-file', next))
  })

  test('goes on under a new key: what the old one founded is published and pulled as before', async () => {
    const [{ id } = { id: '' }] = await fleet.json<{ id: string }[]>('envoy1', 'swarm', 'curator', 'list')
    succeeded(await fleet.puddle('envoy1', 'rekey'))
    expect(refusal(await fleet.curator('envoy1', 'push', 'tool:3', file), 4)).toMatch(/puddle unlock/)
    succeeded(await fleet.puddle('envoy1', 'unlock'))
    const { publicKey, name } = await statusOf('envoy1')
    expect(publicKey).not.toBe(key)
    expect(name).toBe('ops')
    await writeFile(file, 'three')
    await fleet.push('envoy1', 'tool:3', file)
    for (const reference of ['tool@3', 'ops/tool:latest', `${key}/tool@3`, `${publicKey}/tool@3`, `${id}/tool@3`]) {
      await fleet.knows('envoy3', reference)
      expect(await readFile((await fleet.pull('envoy3', reference)).path, 'utf8'), reference).toBe('three')
    }
    expect(await readFile((await fleet.pull('envoy3', `${key}/tool@1`)).path, 'utf8')).toBe('one')
    const { view } = await fleet.json<ArtifactDetail>('envoy3', 'swarm', 'curator', 'inspect', 'tool')
    expect(view).toMatchObject({ founder: key, signer: publicKey, epoch: 1 })

    // The second machine still holds the old key, which may not speak for the artifact any more.
    const stale = await fleet.curator('envoy2', 'push', 'tool:4', file)
    expect(refusal(stale, 4)).toMatch(/was replaced by .+ puddle leave --yes and join/)
  })

  test('whose name another puddle claims too is ambiguous, and its key still works', async () => {
    await fleet.createPuddle('envoy3')
    succeeded(await fleet.puddle('envoy3', 'name', 'ops'))
    await writeFile(fleet.path('other'), 'of somebody else')
    await fleet.push('envoy3', 'tool:1', fleet.path('other'))
    await until('envoy2 sees the clash', async () => (await fleet.curator('envoy2', 'resolve', 'ops/tool')).code === 4)
    expect(refusal(await fleet.curator('envoy2', 'pull', 'ops/tool'), 4)).toMatch(/claimed by 2 puddles; use the key/)
    const { publicKey } = await statusOf('envoy3')
    const pulled = await fleet.pull('envoy2', `${publicKey}/tool`)
    expect(await readFile(pulled.path, 'utf8')).toBe('of somebody else')
    expect(await readFile((await fleet.pull('envoy2', `${key}/tool@3`)).path, 'utf8')).toBe('three')
  })

  test('leaves a machine only when told twice, and leaves nothing of the key there', async () => {
    expect(refusal(await fleet.puddle('envoy2', 'leave'), 2)).toMatch(/--yes/)
    succeeded(await fleet.puddle('envoy2', 'leave', '--yes'))
    const folder = layout(fleet.path('envoy2')).puddle
    for (const name of ['identity.wrapped', 'identity.salt', 'identity.pub']) {
      await expect(access(join(folder, name))).rejects.toThrow()
    }
    expect(refusal(await fleet.curator('envoy2', 'push', 'x:1', file), 3)).toMatch(/no puddle/)
  })
})
