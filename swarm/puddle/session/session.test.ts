import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fromHex, toHex } from '#node/kit'
import { signedBytes, verifySignature } from '#swarm/record'
import { IdentityFiles, KeyInHand, parseWrapped, SessionClient, serveSession } from './index.ts'

const fleet = 'ab'.repeat(32)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-puddle-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

describe('the files of a puddle', () => {
  test('open with the passphrase and with nothing else', async () => {
    const files = new IdentityFiles(join(folder, 'p'))
    const publicKey = await files.create('correct horse')
    expect(new KeyInHand(await files.unlock('correct horse')).publicKey).toBe(publicKey)
    await expect(files.unlock('correct horsE')).rejects.toMatchObject({ code: 'wrong-passphrase' })
    await expect(files.create('another one')).rejects.toMatchObject({ code: 'exists' })
  })

  test('have the modes that keep others out, and hold no key in clear', async () => {
    const files = new IdentityFiles(join(folder, 'p'))
    await files.create('correct horse')
    const seed = toHex(await files.unlock('correct horse'))
    expect((await stat(files.folder)).mode & 0o777).toBe(0o700)
    for (const [name, mode] of [
      ['identity.wrapped', 0o600],
      ['identity.salt', 0o600],
      ['identity.pub', 0o644],
    ] as const) {
      expect((await stat(join(files.folder, name))).mode & 0o777).toBe(mode)
      expect(await readFile(join(files.folder, name), 'utf8')).not.toContain(seed)
    }
  })

  test('keep the key when the passphrase changes', async () => {
    const files = new IdentityFiles(folder)
    const publicKey = await files.create('first passphrase')
    await files.rotatePassphrase('first passphrase', 'second passphrase')
    await expect(files.unlock('first passphrase')).rejects.toMatchObject({ code: 'wrong-passphrase' })
    expect(new KeyInHand(await files.unlock('second passphrase')).publicKey).toBe(publicKey)
  })

  test('go on with the same next key when a rekey broke off', async () => {
    const files = new IdentityFiles(folder)
    await files.create('correct horse')
    const first = await files.prepareNext('correct horse')
    const second = await new IdentityFiles(folder).prepareNext('correct horse')
    expect(toHex(second.next)).toBe(toHex(first.next))
    await files.adoptNext()
    expect(toHex(await files.unlock('correct horse'))).toBe(toHex(first.next))
    expect((await readFile(join(folder, 'identity.pub'), 'utf8')).trim()).toBe(new KeyInHand(first.next).publicKey)
  })

  test('move to another machine under the passphrase only', async () => {
    const here = new IdentityFiles(join(folder, 'here'))
    const there = new IdentityFiles(join(folder, 'there'))
    const publicKey = await here.create('correct horse')
    const bundle = await here.export()
    await expect(there.import(bundle, 'wrong wrong')).rejects.toMatchObject({ code: 'wrong-passphrase' })
    expect(await there.publicKey()).toBeNull()
    expect(await there.import(bundle, 'correct horse')).toBe(publicKey)
    await expect(new IdentityFiles(join(folder, 'x')).import('{}', 'correct horse')).rejects.toMatchObject({
      code: 'usage',
    })
  })

  test.each([
    ['another public key', (w: Record<string, unknown>) => ({ ...w, publicKey: 'ab'.repeat(32) }), 'wrong-passphrase'],
    [
      'a cheaper derivation',
      (w: Record<string, unknown>) => ({ ...w, kdf: { name: 'argon2id', memoryKiB: 8192, passes: 1, lanes: 1 } }),
      'wrong-passphrase',
    ],
    [
      'a derivation that would take all memory',
      (w: Record<string, unknown>) => ({ ...w, kdf: { name: 'argon2id', memoryKiB: 2 ** 30, passes: 3, lanes: 4 } }),
      'damaged',
    ],
    ['a cut-off text', () => ({}), 'damaged'],
  ])('refuse %s', async (_what, change, code) => {
    const files = new IdentityFiles(folder)
    await files.create('correct horse')
    const path = join(folder, 'identity.wrapped')
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))))
    await expect(files.unlock('correct horse')).rejects.toMatchObject({ code })
  })

  test('do not take a short passphrase', async () => {
    await expect(new IdentityFiles(folder).create('short')).rejects.toMatchObject({ code: 'usage' })
  })

  test('say when they are damaged', () => {
    expect(() => parseWrapped('{')).toThrow(/damaged/)
  })
})

describe('a session', () => {
  const seed = new Uint8Array(32).fill(5)
  const key = new KeyInHand(seed)
  const claim = (puddle: string) => JSON.stringify({ issued_at: 1, name: 'ops', puddle, serial: 1 })
  let socket: string

  beforeEach(() => {
    socket = join(folder, 'run', 's.sock')
  })

  test('signs records that name its key, and the signature verifies', async () => {
    const { ended } = await serveSession({ socket, seed, idleMs: 60_000 })
    const client = new SessionClient(socket)
    const body = claim(key.publicKey)
    const signature = await client.sign('name-claim', fleet, body)
    const message = signedBytes('name-claim', new TextEncoder().encode(body), fleet)
    expect(await verifySignature(signature, message, fromHex(key.publicKey))).toBe(true)
    expect(await client.lock()).toBe(true)
    await ended
    expect(await client.status()).toBeNull()
    await expect(client.sign('name-claim', fleet, body)).rejects.toMatchObject({ code: 'locked' })
  })

  test.each<[string, (c: SessionClient) => Promise<unknown>]>([
    ['for another key', c => c.sign('name-claim', fleet, claim('cd'.repeat(32)))],
    ['what is not a puddle’s to say', c => c.sign('admission', fleet, JSON.stringify({ peer: key.publicKey }))],
    ['a body that is not canonical', c => c.sign('name-claim', fleet, ` ${claim(key.publicKey)}`)],
    ['for a fleet that is none', c => c.sign('name-claim', '../etc', claim(key.publicKey))],
    ['a kind from the prototype', c => c.sign('constructor' as never, fleet, claim(key.publicKey))],
  ])('does not sign %s', async (_what, ask) => {
    const { ended } = await serveSession({ socket, seed, idleMs: 60_000 })
    const client = new SessionClient(socket)
    await expect(ask(client)).rejects.toMatchObject({ name: 'PuddleError' })
    await client.lock()
    await ended
  })

  test('locks itself when nobody asks, and lets nobody else in', async () => {
    const { ended } = await serveSession({ socket, seed, idleMs: 150 })
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700)
    await ended
    expect(await new SessionClient(socket).status()).toBeNull()
  })

  test('survives garbage and hangs up on an endless line', async () => {
    const { ended } = await serveSession({ socket, seed, idleMs: 60_000 })
    const closed = await new Promise<boolean>(resolve => {
      const connection = connect(socket, () => {
        connection.write('not json\n')
        const flood = Buffer.alloc(1 << 20, 97)
        const pour = (): void => {
          while (!connection.destroyed && connection.write(flood));
        }
        connection.on('drain', pour)
        pour()
      })
      connection.on('error', () => undefined)
      connection.on('close', () => resolve(true))
    })
    expect(closed).toBe(true)
    const client = new SessionClient(socket)
    expect((await client.status())?.publicKey).toBe(key.publicKey)
    await client.lock()
    await ended
  })
})
