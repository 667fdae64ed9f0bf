import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readTree, type TreeFile } from '#config/store'
import { sha256Hex } from '#node/kit'
import { readBase, unresolved, writeBase } from '../bolts/stacks-base.ts'
import { applyPull } from './apply.ts'
import { planPull } from './plan.ts'

class Stacks implements AsyncDisposable {
  readonly path: string
  private constructor(path: string) {
    this.path = path
  }

  static async create(files: Readonly<Record<string, string>>): Promise<Stacks> {
    const stacks = new Stacks(await mkdtemp(join(tmpdir(), 'vigo-pull-')))
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(stacks.path, path)), { recursive: true })
      await writeFile(join(stacks.path, path), text)
    }
    return stacks
  }

  async hashes(): Promise<Map<string, string>> {
    return new Map((await readTree(this.path)).files.map(({ path, sha256 }) => [path, sha256]))
  }

  async texts(): Promise<Record<string, string>> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true })
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    const texts = await Promise.all(
      files.map(async file => [file.slice(this.path.length + 1), await readFile(file, 'utf8')]),
    )
    return Object.fromEntries(texts) as Record<string, string>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

const published = (texts: Readonly<Record<string, string>>): TreeFile[] =>
  Object.entries(texts).map(([path, text]) => ({ path, bytes: Buffer.from(text), sha256: sha256Hex(text) }))
const baseOf = (texts: Readonly<Record<string, string>>) =>
  new Map(Object.entries(texts).map(([path, text]) => [path, sha256Hex(text)]))
const { signal } = new AbortController()

test('a pull brings the tree to what is published, and conflicts stand beside their files, unseen by publish', async () => {
  const base = { 'a.vgo': 'a', 'old/b.vgo': 'b', 'c.vgo': 'c' }
  await using stacks = await Stacks.create({ ...base, 'c.vgo': 'mine' })
  const here = await stacks.hashes()
  const plan = planPull(here, published({ 'a.vgo': 'A', 'new/d.tmpl': 'd', 'c.vgo': 'C' }), baseOf(base))
  expect(await applyPull(stacks.path, plan, here, { signal })).toEqual(new Map())
  expect(await stacks.texts()).toEqual({ 'a.vgo': 'A', 'new/d.tmpl': 'd', 'c.vgo': 'mine', 'c.vgo.published': 'C' })
  expect(await readdir(stacks.path)).not.toContain('old')
  expect([...(await stacks.hashes()).keys()]).toEqual(['a.vgo', 'c.vgo', 'new/d.tmpl'])
  expect((await readTree(stacks.path)).problems).toEqual([])
})

test('a file that somebody saves meanwhile stays as they left it', async () => {
  await using stacks = await Stacks.create({ 'a.vgo': 'a', 'b.vgo': 'b' })
  const here = await stacks.hashes()
  const plan = planPull(here, published({ 'a.vgo': 'A', 'c.vgo': 'C' }), here)
  await writeFile(join(stacks.path, 'a.vgo'), 'saved')
  await writeFile(join(stacks.path, 'b.vgo'), 'saved')
  await writeFile(join(stacks.path, 'c.vgo'), 'saved')
  const failures = await applyPull(stacks.path, plan, here, { signal })
  expect([...failures.keys()].toSorted()).toEqual(['a.vgo', 'b.vgo', 'c.vgo'])
  expect(await stacks.texts()).toEqual({ 'a.vgo': 'saved', 'b.vgo': 'saved', 'c.vgo': 'saved' })
})

test('new files are for those whose folder it is', async () => {
  await using stacks = await Stacks.create({ 'a.vgo': 'a' })
  await chmod(stacks.path, 0o770)
  const here = await stacks.hashes()
  await applyPull(stacks.path, planPull(here, published({ 'a.vgo': 'a', 'x/b.vgo': 'b' }), here), here, { signal })
  const modes = [await stat(join(stacks.path, 'x')), await stat(join(stacks.path, 'x/b.vgo'))].map(
    ({ mode }) => mode & 0o777,
  )
  expect(modes).toEqual([0o770, 0o660])
})

test('nothing is written through a link, and what is in the way is named', async () => {
  await using outside = await Stacks.create({})
  await using stacks = await Stacks.create({ 'b.vgo/c.txt': '' })
  await symlink(outside.path, join(stacks.path, 'x'))
  const none = new Map<string, string>()
  const plan = planPull(none, published({ 'x/a.vgo': 'a', 'b.vgo': 'b' }), none)
  const failures = await applyPull(stacks.path, plan, none, { signal })
  expect([...failures.keys()].toSorted()).toEqual(['b.vgo', 'x/a.vgo'])
  expect(await outside.texts()).toEqual({})
})

test('conflicts are undecided until what stands beside the file is removed', async () => {
  await using stacks = await Stacks.create({ 'a.vgo': 'a', 'a.vgo.published': 'A' })
  const commit = 'a'.repeat(40)
  await writeBase(stacks.path, { commit, conflicts: ['a.vgo', 'b.vgo'] })
  const base = await readBase(stacks.path)
  expect(base).toEqual({ commit, conflicts: ['a.vgo', 'b.vgo'] })
  expect(await unresolved(stacks.path, base)).toEqual(['a.vgo'])
  await rm(join(stacks.path, 'a.vgo.published'))
  expect(await unresolved(stacks.path, base)).toEqual([])
})

test.each(['', '{', '[]', 'null', '{"commit":"x","conflicts":[]}', `{"commit":"${'a'.repeat(40)}"}`])(
  'a note %j about the base is none',
  async text => {
    await using stacks = await Stacks.create({ '.vigo-base': text })
    expect(await readBase(stacks.path)).toBeNull()
  },
)
