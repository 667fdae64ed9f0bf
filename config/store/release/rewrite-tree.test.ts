import { chmod, link, lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TestFolder, treeFiles } from './fixture.ts'
import { readTree } from './read-tree.ts'
import { releaseHash } from './release-hash.ts'
import { inspectTree, rewriteTree } from './rewrite-tree.ts'
import type { TreeFile } from './tree.ts'
import { type WriteOptions, writeTrees } from './write-tree.ts'

type Files = Readonly<Record<string, string>>

const BEFORE: Files = { 'a.vgo': 'a\n', 'd/b.vgo': 'b\n', 'd/e/c.vgo': 'c\n', 'f.vgo/g.tmpl': 'g\n' }

async function withTree(before: Files, work: (tree: string) => Promise<void>): Promise<void> {
  await using folder = await TestFolder.create()
  await chmod(folder.path, 0o2750)
  const tree = join(folder.path, 'tree')
  await writeTrees([tree], treeFiles(before))
  await work(tree)
}

async function rewrite(tree: string, files: readonly TreeFile[], options: WriteOptions = {}): Promise<boolean> {
  const present = await inspectTree(tree, options)
  return present !== null && (await rewriteTree(tree, present, files, options))
}

/** Names, modes and contents of everything below. */
async function contents(tree: string): Promise<Record<string, string>> {
  const names = ['.', ...(await readdir(tree, { recursive: true }))]
  const shown = await Promise.all(
    names.map(async name => {
      const stat = await lstat(join(tree, name))
      const text = stat.isFile() ? await readFile(join(tree, name), 'utf8') : ''
      return [name, `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${text}`] as const
    }),
  )
  return Object.fromEntries(shown)
}

describe('rewriteTree', () => {
  test.for<[string, Files]>([
    ['nothing', BEFORE],
    ['one file', { ...BEFORE, 'd/b.vgo': 'other\n' }],
    ['a file and its folder', { 'a.vgo': 'a\n', 'd/b.vgo': 'b\n', 'f.vgo/g.tmpl': 'g\n' }],
    ['a folder in a folder', { ...BEFORE, 'd/h/i/j.vgo': 'j\n' }],
    ['a file into a folder', { 'a.vgo/x.vgo': 'x\n', 'd/b.vgo': 'b\n' }],
    ['a folder into a file', { 'a.vgo': 'a\n', 'f.vgo': 'f\n' }],
    ['everything', { 'x/y.vgo': 'y\n' }],
  ])('changes %s into what a new tree would be', async ([, after]) => {
    await withTree(BEFORE, async tree => {
      const fresh = `${tree}-fresh`
      await writeTrees([fresh], treeFiles(after))
      expect(await rewrite(tree, treeFiles(after))).toBe(true)
      expect(await contents(tree)).toEqual(await contents(fresh))
    })
  })

  test('leaves what is in both as it is', async () => {
    await withTree(BEFORE, async tree => {
      const { ino, ctimeMs } = await lstat(join(tree, 'd/e/c.vgo'))
      expect(await rewrite(tree, treeFiles({ ...BEFORE, 'a.vgo': 'other\n' }))).toBe(true)
      expect(await lstat(join(tree, 'd/e/c.vgo'))).toMatchObject({ ino, ctimeMs })
    })
  })

  test('puts right what somebody edited, whatever its size and time', async () => {
    await withTree(BEFORE, async tree => {
      await writeFile(join(tree, 'd/b.vgo'), 'B\n')
      expect(await rewrite(tree, treeFiles(BEFORE))).toBe(true)
      const { files } = await readTree(tree)
      expect(releaseHash(files)).toBe(releaseHash(treeFiles(BEFORE)))
    })
  })

  test.for<[string, (tree: string) => Promise<unknown>]>([
    ['a file that is no configuration', tree => writeFile(join(tree, 'd/notes.txt'), '')],
    ['a hidden file', tree => writeFile(join(tree, '.b.vgo.swp'), '')],
    ['an empty folder', tree => mkdir(join(tree, 'd/empty'))],
    ['a symbolic link', tree => symlink('/etc/passwd', join(tree, 'd/p.vgo'))],
    ['a file with a second name', tree => link(join(tree, 'a.vgo'), join(dirname(tree), 'second'))],
    ['a file that others may read', tree => chmod(join(tree, 'a.vgo'), 0o644)],
    ['a folder that others may write', tree => chmod(join(tree, 'd/e'), 0o777)],
  ])('does not take a tree with %s', async ([, spoil]) => {
    await withTree(BEFORE, async tree => {
      await spoil(tree)
      const before = await contents(tree)
      expect(await rewrite(tree, treeFiles({ ...BEFORE, 'a.vgo': 'other\n' }))).toBe(false)
      expect(await contents(tree)).toEqual(before)
    })
  })

  test('does not follow a symbolic link to a tree', async () => {
    await withTree(BEFORE, async tree => {
      await rename(tree, `${tree}-elsewhere`)
      await symlink(`${tree}-elsewhere`, tree)
      expect(await rewrite(tree, treeFiles({ 'x.vgo': 'x\n' }))).toBe(false)
      expect(Object.keys(await contents(`${tree}-elsewhere`))).toContain('d/e/c.vgo')
    })
  })

  test('writes nothing out of the tree', async () => {
    await withTree(BEFORE, async tree => {
      await expect(rewrite(tree, treeFiles({ '../x.vgo': 'x\n' }))).rejects.toThrow(RangeError)
    })
  })

  test('ends when it is told to', async () => {
    await withTree(BEFORE, async tree => {
      await expect(rewrite(tree, treeFiles(BEFORE), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
    })
  })
})
