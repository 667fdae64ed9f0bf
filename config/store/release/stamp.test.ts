import { chmod, link, lstat, readFile, rename, statfs, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { TestFolder } from './fixture.ts'
import { readTree } from './read-tree.ts'
import { stamped, stampOf } from './stamp.ts'
import { readStamps, type Stamps, writeStamps } from './stamps-file.ts'

/** A tree that was read when it had rested for a while, as `vigo.stamps` beside it tells. */
async function setUp() {
  const folder = await TestFolder.create()
  const tree = await folder.write({ 'a.vgo': 'one\n', 'd/b.vgo': 'two\n' }, 'tree')
  await sleep(40)
  const { files } = await readTree(tree, { stamps: new Map() })
  const file = join(folder.path, 'vigo.stamps')
  await writeStamps(file, files)
  return { folder, tree, file, stamps: await readStamps(file) }
}

/** Tells what was not read: who believes these, finds another hash. */
function wrong(stamps: Stamps): Stamps {
  return new Map([...stamps].map(([path, known]) => [path, { ...known, sha256: 'f'.repeat(64) }]))
}

async function unread(tree: string, stamps: Stamps): Promise<string[]> {
  const { files } = await readTree(tree, { stamps: wrong(stamps) })
  return files.filter(({ sha256 }) => sha256.startsWith('ffff')).map(({ path }) => path)
}

const isTrusted = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630].includes((await statfs('/tmp')).type)

describe.runIf(isTrusted)('a file with a stamp', () => {
  test('is not read before somebody asks for its bytes, and then must be what it was', async () => {
    const { folder, tree, stamps } = await setUp()
    await using _gone = folder
    expect(await unread(tree, stamps)).toEqual(['a.vgo', 'd/b.vgo'])
    const { files } = await readTree(tree, { stamps })
    expect(files.map(({ path, sha256 }) => [path, sha256])).toEqual(
      [...stamps].map(([path, { sha256 }]) => [path, sha256]),
    )
    expect(Buffer.from(files[0]?.bytes ?? []).toString()).toBe('one\n')
    await writeFile(join(tree, 'd/b.vgo'), 'TWO\n')
    expect(() => files[1]?.bytes).toThrow("'d/b.vgo' was changed while it was published")
    expect(() => files[1]?.bytes).toThrow(expect.objectContaining({ code: 'changed-meanwhile' }))
  })

  test.for<[string, (path: string) => Promise<unknown>]>([
    ['in place, to as many bytes', path => writeFile(path, 'ONE\n')],
    ['by another one of the same size', path => rename(`${path}.new`, path)],
    ['in its mode', path => chmod(path, 0o600)],
    ['in its names', path => link(path, `${path}.second`)],
  ])('is read again when it was changed %s, with its times put back', async ([, change]) => {
    const { folder, tree, stamps } = await setUp()
    await using _gone = folder
    const path = join(tree, 'a.vgo')
    const { atime, mtime } = await lstat(path)
    await writeFile(`${path}.new`, 'new\n')
    await change(path)
    await utimes(path, atime, mtime)
    expect(await unread(tree, stamps)).toEqual(['d/b.vgo'])
  })

  test('is read where the reading says what a file has to be, and it is not', async () => {
    const { folder, tree, stamps } = await setUp()
    await using _gone = folder
    const { problems } = await readTree(tree, { stamps, isExpected: stat => stat.size > 4 })
    expect(problems.map(({ code }) => code)).toEqual(['not-as-written', 'not-as-written'])
  })

  test('has none as long as it could change again without another one', async () => {
    const { folder, tree } = await setUp()
    await using _gone = folder
    await writeFile(join(tree, 'a.vgo'), 'now\n')
    const { files } = await readTree(tree, { stamps: new Map() })
    expect(files.map(({ path, stamp }) => [path, stamp === undefined])).toEqual([
      ['a.vgo', true],
      ['d/b.vgo', false],
    ])
    const stat = await lstat(join(tree, 'd/b.vgo'))
    expect(stampOf(stat, stat.ctimeMs + 5)).toBeUndefined()
    expect(stampOf(stat, stat.ctimeMs - 3_600_000)).toBeUndefined()
    expect(stampOf(stat, Date.now())).toEqual(files[1]?.stamp)
    expect(stampOf(Object.assign(stat, { ctimeMs: 1_700_000_000_000 }), Date.now())).toBeUndefined()
  })

  test('keeps it where the folder changes its name, and others are written', async () => {
    const { folder, tree, stamps } = await setUp()
    await using _gone = folder
    const before = (await readTree(tree, { stamps })).files
    const moved = join(folder.path, 'moved')
    await rename(tree, moved)
    await writeFile(join(moved, 'a.vgo'), 'other\n')
    const after = before.map(({ path, sha256 }) => ({ path, sha256: path === 'a.vgo' ? 'e'.repeat(64) : sha256 }))
    await sleep(40)
    const now = stamped(moved, after, before)
    expect(now[1]?.stamp).toEqual(before[1]?.stamp)
    expect(now[0]?.stamp).not.toEqual(before[0]?.stamp)
  })
})

describe.runIf(isTrusted)('the file of stamps', () => {
  test.for<[string, (file: string) => Promise<unknown>]>([
    ['somebody else may write it', file => chmod(file, 0o620)],
    ['it has a second name', file => link(file, `${file}-kept`)],
    ['it is cut off', async file => writeFile(file, (await readFile(file)).subarray(0, -3))],
    ['it was written before the machine was started', file => edit(file, text => text.replace(/ \S+ /, ' before '))],
    ['it is of another kind', file => edit(file, text => text.replace('stamps/1', 'stamps/2'))],
  ])('is none when %s', async ([, spoil]) => {
    const { folder, file, stamps } = await setUp()
    await using _gone = folder
    expect(stamps.size).toBe(2)
    await spoil(file)
    expect(await readStamps(file)).toEqual(new Map())
  })
})

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')))
}
