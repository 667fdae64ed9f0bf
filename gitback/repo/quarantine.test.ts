import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TinyDisk, Workshop } from '../fixture.ts'
import { BareRepository, git, NO_OBJECT, Quarantine } from './index.ts'

const signal = AbortSignal.timeout(60_000)

let shop: Workshop
let source: BareRepository
let target: BareRepository
let base: string
beforeEach(async () => {
  shop = await Workshop.open()
  source = await shop.bare('source')
  target = await shop.bare('target')
  await shop.workTree('work', source)
  base = await shop.commit('work', { 'a.txt': 'one' })
  await take([base], await packed(['--revs'], base))
  await target.moveRefs([{ ref: 'refs/heads/main', from: NO_OBJECT, to: base }])
})
afterEach(() => shop[Symbol.asyncDispose]())

/** A pack of the source's objects, as `git pack-objects` reads them: names, or what revisions reach. */
async function packed(args: readonly string[], ...lines: readonly string[]): Promise<Buffer> {
  const { stdout } = await git(source.folder, ['pack-objects', '--quiet', '--stdout', ...args], {
    stdin: `${lines.join('\n')}\n`,
  })
  return stdout
}

async function take(wants: readonly string[], pack: Uint8Array, to: BareRepository = target): Promise<void> {
  await using quarantine = await Quarantine.open(to)
  await quarantine.receive(inPieces(pack), { signal })
  await quarantine.verify(wants, { signal })
  await quarantine.admit()
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1000) yield bytes.subarray(at, at + 1000)
}

/** Nothing of it was kept, and the repository is as it was. */
async function isUntouched(commit: string): Promise<void> {
  expect(await target.has(commit)).toBe(false)
  expect(await target.refs({ hidden: [] })).toEqual(new Map([['refs/heads/main', base]]))
  expect(await leftovers(target)).toEqual([])
  await target.check()
}

async function leftovers({ folder }: BareRepository): Promise<string[]> {
  const names = await readdir(join(folder, 'objects'), { recursive: true })
  return names.filter(name => /incoming-|\.keep$|tmp_/.test(name))
}

describe('a pack', () => {
  test.each(['blob', 'tree', 'commit'] as const)('that lacks a %s is not admitted', async type => {
    const tip = await shop.commit('work', { 'b.txt': 'two' })
    const [tree, blob] = [
      await shop.git('work', 'rev-parse', 'HEAD^{tree}'),
      await shop.git('work', 'rev-parse', 'HEAD:b.txt'),
    ]
    const missing = { blob, tree, commit: tip }[type]
    const pack = await packed([], ...[tip, tree, blob].filter(name => name !== missing))
    await expect(take([tip], pack)).rejects.toMatchObject({ code: 'bad-objects', message: /not complete|refused/ })
    await isUntouched(tip)
  })

  test.each([
    ['..', /dotdot|\.\./i],
    ['.', /'\.'|hasDot\b/],
    ['.GIT', /\.git/i],
    ['git~1', /\.git/i],
    ['a/b', /full pathnames|slash/i],
  ])('with an entry named %j is not admitted, and its name is said', async (name, words) => {
    const blob = await shop.object(source, 'blob', 'evil')
    const entry = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')])
    const { stdout } = await git(source.folder, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], {
      stdin: entry,
    })
    const evil = await shop.object(source, 'commit', stdout.toString('utf8').trim(), base)
    await expect(take([evil], await packed(['--revs'], evil, `^${base}`))).rejects.toMatchObject({
      code: 'bad-objects',
      message: words,
    })
    await isUntouched(evil)
  })

  test('that ends in the middle, or of which a byte was changed, is not admitted', async () => {
    const tip = await shop.commit('work', { 'b.txt': 'two '.repeat(5000) })
    const pack = await packed(['--revs'], tip, `^${base}`)
    await expect(take([tip], pack.subarray(0, pack.byteLength - 30))).rejects.toMatchObject({ code: 'bad-objects' })
    const changed = Buffer.from(pack)
    changed[changed.byteLength >> 1] = (changed[changed.byteLength >> 1] ?? 0) ^ 1
    await expect(take([tip], changed)).rejects.toMatchObject({ code: 'bad-objects' })
    await expect(take([tip], Buffer.from('PACK and nothing that is one'))).rejects.toMatchObject({
      code: 'bad-objects',
    })
    await isUntouched(tip)
  })
})

describe('git gc --prune=now', () => {
  const collect = () => shop.git('target.git', 'gc', '--quiet', '--prune=now')

  test('takes nothing that is in quarantine, or admitted and of no ref yet', async () => {
    const tip = await shop.commit('work', { 'b.txt': 'two' })
    {
      await using quarantine = await Quarantine.open(target)
      await quarantine.receive(inPieces(await packed(['--revs'], tip, `^${base}`)), { signal })
      await collect()
      await quarantine.verify([tip], { signal })
      await quarantine.admit()
      await collect()
      await target.moveRefs([{ ref: 'refs/heads/main', from: base, to: tip }])
    }
    await collect()
    expect(await target.ref('refs/heads/main')).toBe(tip)
    expect(await leftovers(target)).toEqual([])
    await target.check()
  })

  test('takes what nobody made a ref of, also when the process that brought it was killed', async () => {
    const tip = await shop.commit('work', { 'b.txt': 'two' })
    const quarantine = await Quarantine.open(target)
    await quarantine.receive(inPieces(await packed(['--revs'], tip, `^${base}`)), { signal })
    await quarantine.admit()
    await collect()
    expect(await target.has(tip)).toBe(true)
    await Quarantine.clear(target)
    await collect()
    await isUntouched(tip)
  })
})

test('a disk that is full is said, and the repository on it stays as it was', async ({ skip }) => {
  if (TinyDisk.whyNot !== null) skip(TinyDisk.whyNot)
  await using disk = await TinyDisk.mount(shop.path('disk'), 2 * 2 ** 20)
  const small = await BareRepository.open(disk.path('small.git'))
  await take([base], await packed(['--revs'], base), small)
  await small.moveRefs([{ ref: 'refs/heads/main', from: NO_OBJECT, to: base }])

  const tip = await shop.commit('work', { 'noise.bin': noise(8 * 2 ** 20) })
  await expect(take([tip], await packed(['--revs'], tip, `^${base}`), small)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/small\.git is full; free some space/),
  })
  await shop.git('work', 'reset', '--quiet', '--hard', base)
  const next = await shop.commit('work', { 'c.txt': 'three' }, 'next')
  const little = await packed(['--revs'], next, `^${base}`)
  await disk.fill()
  await expect(take([next], little, small)).rejects.toMatchObject({ code: 'disk-full' })
  expect(await leftovers(small)).toEqual([])
  expect(await small.refs({ hidden: [] })).toEqual(new Map([['refs/heads/main', base]]))
  await small.check()
  await disk.empty()
  await take([next], little, small)
  expect(await small.has(next)).toBe(true)
})

function noise(bytes: number): string {
  let text = ''
  for (let n = 1; text.length < bytes; n++) text += Math.sin(n).toString(36)
  return text.slice(0, bytes)
}
