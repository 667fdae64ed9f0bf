import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findSecretReferences } from '#config/lang'
import { FileLock } from '#node/kit'
import { secretPathProblem } from './secret-path.ts'
import { MAX_VALUE_BYTES, SecretStore, secretsFolder } from './secret-store.ts'

let home = ''
let folder = ''
let store: SecretStore
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vigo-secrets-'))
  folder = secretsFolder(home)
  store = new SecretStore({ folder })
  await store.init()
})
afterEach(async () => await rm(home, { recursive: true, force: true }))

const KEY = '.master.key'

async function everyFile(): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = names
    .filter(entry => entry.isFile())
    .map(entry => readFile(join(entry.parentPath, entry.name), 'latin1'))
  return (await Promise.all(texts)).join('\n')
}

describe('a secret', () => {
  test('can be set, read, replaced, listed and removed', async () => {
    expect(await store.set('vigo/webapp/url', 'postgres://x')).toBe('added')
    expect(await store.set('vigo/token', 'a\nb')).toBe('added')
    expect(await store.set('vigo/token', 'c')).toBe('replaced')
    expect(await store.get('vigo/webapp/url')).toBe('postgres://x')
    expect(await store.list()).toEqual(['vigo/token', 'vigo/webapp/url'])
    const { values, missing } = await store.resolve(['vigo/token', 'no/such', 'vigo/token', '../../etc/passwd'])
    expect([Object.fromEntries(values), missing]).toEqual([{ 'vigo/token': 'c' }, ['../../etc/passwd', 'no/such']])
    expect(await store.missing(['vigo', 'vigo/token', 'x'])).toEqual(['vigo', 'x'])
    await store.remove('vigo/webapp/url')
    expect(await readdir(join(folder, 'vigo'))).toEqual(['token'])
    await expect(store.get('vigo/webapp/url')).rejects.toMatchObject({ code: 'unknown-secret' })
    await expect(store.remove('vigo/webapp/url')).rejects.toMatchObject({ code: 'unknown-secret' })
  })

  test('is nowhere on the disk as it is, and in files for the owner only', async () => {
    await store.set('vigo/token', 'very-secret-value')
    const all = await everyFile()
    expect(all).not.toContain('very-secret-value')
    expect(all).not.toContain(Buffer.from('very-secret-value').toString('base64'))
    expect((await stat(join(folder, 'vigo/token'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'vigo'))).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, KEY))).mode & 0o777).toBe(0o600)
  })

  test('keeps any text', async () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter(text => text.isWellFormed())
    await fc.assert(
      fc.asyncProperty(texts, async text => {
        await store.set('a/b', text)
        expect(await store.get('a/b')).toBe(text)
      }),
      { numRuns: 30 },
    )
  })

  test('cannot lie below another one, nor above', async () => {
    await store.set('a/b', 'x')
    await expect(store.set('a', 'x')).rejects.toMatchObject({ code: 'exists' })
    await expect(store.set('a/b/c', 'x')).rejects.toMatchObject({ code: 'exists' })
    expect(await store.list()).toEqual(['a/b'])
  })

  test.each(['', 'x'.repeat(MAX_VALUE_BYTES + 1), '\ud800'])('has a value that is text of some length', async value => {
    await expect(store.set('a', value)).rejects.toMatchObject({ code: 'bad-secret-value' })
  })

  test('is not written below a link that somebody made', async () => {
    await symlink('/tmp', join(folder, 'out'))
    await expect(store.set('out/x', 'v')).rejects.toMatchObject({ code: 'exists' })
  })
})

describe('a path', () => {
  test.each([
    '..',
    '../x',
    'a/../b',
    '/a',
    'a/',
    'a//b',
    '.master.key',
    'a/.b',
    '-a',
    'a\0b',
    'a b',
    'a\nb',
    'é',
    'a.',
    'x'.repeat(129),
    'a/'.repeat(16) + 'a',
    `${'a/'.repeat(10)}${'x'.repeat(127)}/${'y'.repeat(127)}`,
  ])('%j is refused before anything is touched', async path => {
    await expect(store.set(path, 'v')).rejects.toMatchObject({ code: 'bad-secret-path' })
    await expect(store.get(path)).rejects.toMatchObject({ code: 'bad-secret-path' })
    await expect(store.remove(path)).rejects.toMatchObject({ code: 'bad-secret-path' })
    expect(await store.epoch()).toBe(0)
  })

  test('that is good here can be written in the configuration, and is read there as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_./-]{1,20}$/), path => {
        if (secretPathProblem(path) !== undefined) return
        expect(findSecretReferences(`secret:${path}`)).toMatchObject([{ path, problem: undefined }])
      }),
    )
  })
})

describe('files that somebody changed', () => {
  beforeEach(async () => {
    await store.set('a/one', '1')
    await store.set('a/two', '2')
  })

  test('are not exchanged for each other', async () => {
    await rename(join(folder, 'a/one'), join(folder, 'a/two'))
    await expect(store.get('a/two')).rejects.toMatchObject({ code: 'damaged-secret' })
  })

  test('are not read when a bit is another one, wherever', async () => {
    const text = await readFile(join(folder, 'a/one'))
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(text)
        changed[at]! ^= change
        await writeFile(join(folder, 'a/one'), changed)
        const read = await store.get('a/one').catch((error: { code: string }) => error.code)
        expect(['damaged-secret', '1']).toContain(read)
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '{"format":1}',
    '{"format":1,"key":"0123456789abcdef","nonce":"","sealed":""}',
    'x'.repeat(300_000),
  ])('are damaged when they are no sealed secret (%#)', async text => {
    await writeFile(join(folder, 'a/one'), text)
    await expect(store.get('a/one')).rejects.toMatchObject({ code: 'damaged-secret' })
    await expect(store.rotate()).rejects.toMatchObject({ code: 'damaged-secret' })
    expect(await store.get('a/two')).toBe('2')
    expect(await store.isRotating()).toBe(false)
  })

  test('of another installation say that the key is another one', async () => {
    const other = new SecretStore({ folder: join(home, 'other') })
    await other.init()
    await other.set('a/one', 'theirs')
    await copyFile(join(home, 'other/a/one'), join(folder, 'a/one'))
    await expect(store.get('a/one')).rejects.toThrow('sealed with another master key')
  })
})

describe('the master key', () => {
  beforeEach(async () => void (await store.set('a', '1')))

  test.each([0o640, 0o604, 0o660, 0o777])('that others may read or change (%o) is not used', async mode => {
    await chmod(join(folder, KEY), mode)
    await expect(store.get('a')).rejects.toMatchObject({ code: 'unsafe-secrets' })
    await expect(store.set('a', '2')).rejects.toMatchObject({ code: 'unsafe-secrets' })
    await chmod(join(folder, KEY), 0o600)
    await chmod(folder, mode | 0o700)
    await expect(store.get('a')).rejects.toMatchObject({ code: 'unsafe-secrets' })
  })

  test.runIf(process.geteuid?.() === 0)('of another user is not used', async () => {
    await chown(join(folder, KEY), 65534, 0)
    await expect(store.get('a')).rejects.toThrow('belongs to user 65534')
  })

  test('that is a link is not used', async () => {
    await rename(join(folder, KEY), join(home, 'key'))
    await symlink(join(home, 'key'), join(folder, KEY))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'unsafe-secrets' })
  })

  test('that is gone is not replaced while secrets need it', async () => {
    await rm(join(folder, KEY))
    await expect(store.init()).rejects.toMatchObject({ code: 'no-master-key' })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'no-master-key' })
    await writeFile(join(folder, KEY), 'nonsense', { mode: 0o600 })
    await expect(store.get('a')).rejects.toThrow('is not a master key')
  })

  test('is made once', async () => {
    const before = await readFile(join(folder, KEY), 'utf8')
    expect(await store.init()).toBe(false)
    expect(await readFile(join(folder, KEY), 'utf8')).toBe(before)
  })

  test('can be rotated: everything is sealed anew and the old one opens nothing', async () => {
    await store.set('b/c', '2')
    const [key, file] = [await readFile(join(folder, KEY)), await readFile(join(folder, 'a'))]
    expect(await store.rotate()).toBe(2)
    expect([await store.get('a'), await store.get('b/c')]).toEqual(['1', '2'])
    expect(await readFile(join(folder, KEY))).not.toEqual(key)
    await writeFile(join(folder, 'a'), file)
    await expect(store.get('a')).rejects.toThrow('sealed with another master key')
  })

  test('is not needed before anything was set up', async () => {
    const fresh = new SecretStore({ folder: join(home, 'none') })
    expect(await fresh.epoch()).toBe(0)
    expect(await fresh.list()).toEqual([])
    expect((await fresh.resolve(['a'])).missing).toEqual(['a'])
    await expect(fresh.set('a', 'x')).rejects.toMatchObject({ code: 'no-master-key' })
  })
})

describe('the epoch', () => {
  test('is another one after each change, and the same without', async () => {
    const seen = [await store.epoch()]
    for (const change of [
      () => store.set('a', '1'),
      () => store.set('a', '1'),
      () => store.rotate(),
      () => store.remove('a'),
    ]) {
      await change()
      seen.push(await store.epoch(), await store.epoch())
    }
    expect(new Set(seen).size).toBe(5)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  test('is odd while a change is under way, and closed when its process is gone', async () => {
    await store.set('a', '1')
    await writeFile(join(folder, '.epoch'), '7\n')
    {
      using _lock = await FileLock.acquire(join(folder, '.lock'), { waitMs: 0 })
      expect(await store.epoch()).toBe(7)
    }
    expect(await store.epoch()).toBe(8)
    expect(await store.epoch()).toBe(8)
  })

  test('is one for each of many changes at once', async () => {
    await mkdir(join(folder, 'x'), { mode: 0o700 })
    await Promise.all(Array.from({ length: 12 }, (_, at) => new SecretStore({ folder }).set(`x/${at}`, String(at))))
    expect(await store.epoch()).toBe(24)
    expect((await store.resolve(Array.from({ length: 12 }, (_, at) => `x/${at}`))).values.size).toBe(12)
  })
})
