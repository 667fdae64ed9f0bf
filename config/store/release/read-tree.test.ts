import { execFileSync } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asNobody, TestFolder } from './fixture.ts'
import { readTree } from './read-tree.ts'
import type { Tree } from './tree.ts'

const problemsOf = (tree: Tree): string[] =>
  tree.problems.map(({ code, message, hint }) => `${message} [${code}]: ${hint}`)

describe('readTree', () => {
  test('reads .vgo and .tmpl files in the order of their paths, and nothing else', async () => {
    await using folder = await TestFolder.create()
    const root = await folder.write({
      'roles.vgo': 'roles',
      'configcrates/nginx.vgo': 'name: nginx',
      'templates/nginx.conf.tmpl': 'server {}',
      'README.md': '# not configuration',
      'configcrates/nginx.vgo.bak': 'old',
      '.git/config.vgo': 'hidden folder',
      '.hidden.vgo': 'hidden file',
    })
    const tree = await readTree(root)
    expect(tree.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
      ['configcrates/nginx.vgo', 'name: nginx'],
      ['roles.vgo', 'roles'],
      ['templates/nginx.conf.tmpl', 'server {}'],
    ])
    expect(tree.problems).toEqual([])
    expect(tree.leftovers).toEqual([])
  })

  test('names every problem of the tree at once, each with what to do', async () => {
    await using folder = await TestFolder.create()
    await folder.write({ 'secret.vgo': 'outside', 'notes.md': 'outside' })
    const root = await folder.write(
      { 'good.vgo': 'a: 1', 'big.vgo': Buffer.alloc(2 ** 20 + 1, 'a'), 'binary.vgo': Buffer.from([0xff, 0xfe, 1]) },
      'stacks',
    )
    await folder.write(
      { 'zero.tmpl': 'a\0b', 'new\nline.vgo': '', 'back\\slash.vgo': '', 'in\u202eside.vgo': '' },
      'stacks',
    )
    await symlink('../secret.vgo', join(root, 'leaves.vgo'))
    await symlink('good.vgo', join(root, 'inside.vgo'))
    await symlink('nowhere.vgo', join(root, 'dangling.vgo'))
    await symlink('loop.vgo', join(root, 'loop.vgo'))
    await symlink('/etc', join(root, 'etc'))
    await symlink('../notes.md', join(root, 'notes.md'))
    execFileSync('mkfifo', [join(root, 'pipe.vgo')])
    const tree = await readTree(root)
    expect(tree.files.map(({ path }) => path)).toEqual(['good.vgo'])
    expect(problemsOf(tree)).toEqual([
      "'back\\slash.vgo' has a slash or a backslash in its name [bad-name]: rename it: letters, digits, and . _ - after the first",
      "'big.vgo' has 1048577 bytes; a file of the configuration has at most 1048576 (1.0 MiB) [file-too-large]: split it, or publish its content as an artifact and refer to that",
      "'binary.vgo' is not text: it has bytes that are not UTF-8, or zero bytes [not-text]: save it as UTF-8; binary content belongs in an artifact, not in the configuration",
      "'dangling.vgo' is a symbolic link to nowhere.vgo, which does not exist [symbolic-link]: remove it, or put the file in its place",
      "'etc' is a symbolic link to /etc, outside of the tree; links are not published [symbolic-link]: put a copy of what it points at in its place, or remove it",
      "'in\\u{202e}side.vgo' has control or invisible characters in its name [bad-name]: rename it: letters, digits, and . _ - after the first",
      "'inside.vgo' is a symbolic link to good.vgo; links are not published [symbolic-link]: put a copy of the file in its place",
      "'leaves.vgo' is a symbolic link to ../secret.vgo, outside of the tree; links are not published [symbolic-link]: put a copy of what it points at in its place, or remove it",
      "'loop.vgo' is a symbolic link to loop.vgo, which leads back to itself [symbolic-link]: remove it, or put the file in its place",
      "'new\\u{a}line.vgo' has control or invisible characters in its name [bad-name]: rename it: letters, digits, and . _ - after the first",
      "'pipe.vgo' is a pipe, socket or device, not a file [not-a-file]: remove it, or give it a name that does not end in .vgo or .tmpl",
      "'zero.tmpl' is not text: it has bytes that are not UTF-8, or zero bytes [not-text]: save it as UTF-8; binary content belongs in an artifact, not in the configuration",
    ])
    expect(tree.problems.every(({ severity }) => severity === 'error')).toBe(true)
  })

  test('names files and folders that the user may not read', async () => {
    await using folder = await TestFolder.create()
    const root = await folder.write({ 'open.vgo': '', 'closed.vgo': '', 'locked/a.vgo': '' })
    await chmod(folder.path, 0o755)
    await chmod(join(root, 'closed.vgo'), 0)
    await chmod(join(root, 'locked'), 0)
    const tree = await asNobody(() => readTree(root))
    expect(tree.files.map(({ path }) => path)).toEqual(['open.vgo'])
    expect(problemsOf(tree)).toEqual([
      "'closed.vgo' cannot be read (EACCES) [unreadable]: give the publishing user permission to read it, or remove it",
      "'locked' cannot be read (EACCES) [unreadable]: give the publishing user permission to read it, or remove it",
    ])
    await chmod(join(root, 'locked'), 0o700)
  })

  test('says what to do when there is no folder', async () => {
    await using folder = await TestFolder.create()
    await folder.write({ file: '' })
    const missing = join(folder.path, 'stacks')
    await expect(readTree(missing)).rejects.toMatchObject({
      code: 'no-folder',
      message: `the folder ${missing} does not exist; create it and put your .vgo files there, or name the folder where they are`,
    })
    const file = join(folder.path, 'file')
    await expect(readTree(file)).rejects.toMatchObject({
      code: 'no-folder',
      message: `${file} is not a folder; name the folder where your .vgo files are`,
    })
  })

  test('follows a link that is the tree itself', async () => {
    await using folder = await TestFolder.create()
    await folder.write({ 'a.vgo': '' }, 'real')
    await symlink('real', join(folder.path, 'stacks'))
    const tree = await readTree(join(folder.path, 'stacks'))
    expect(tree.files).toHaveLength(1)
    expect(tree.problems).toEqual([])
  })

  test('reads a file of exactly the largest size, and a folder of exactly the largest depth', async () => {
    await using folder = await TestFolder.create()
    const root = await folder.write({ 'a.vgo': 'x'.repeat(10), '1/2/b.vgo': '', '1/2/3/c.vgo': '' })
    const tree = await readTree(root, { limits: { maxFileBytes: 10, maxDepth: 2 } })
    expect(tree.files.map(({ path }) => path)).toEqual(['1/2/b.vgo', 'a.vgo'])
    expect(problemsOf(tree)).toEqual([
      "'1/2/3' is more than 2 folders deep [too-deep]: move it up; the depth of the tree is the depth of inheritance",
    ])
  })

  test('ends with one message at a tree that is too large in number or bytes', async () => {
    await using folder = await TestFolder.create()
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`d${index}/a.vgo`, '0123456789']))
    const root = await folder.write({ ...files, 'x.md': '', 'y.md': '' })
    const end = 'name the folder that has only the configuration, or divide it'
    expect(problemsOf(await readTree(root, { limits: { maxFiles: 19 } }))).toEqual([
      `the tree has more than 19 .vgo and .tmpl files [too-many-files]: ${end}`,
    ])
    expect(problemsOf(await readTree(root, { limits: { maxTotalBytes: 199 } }))).toEqual([
      `the tree has more than 199 B of configuration [tree-too-large]: ${end}`,
    ])
    expect(problemsOf(await readTree(root, { limits: { maxEntries: 41 } }))).toEqual([
      `the tree has more than 41 files and folders [too-many-entries]: ${end}`,
    ])
    const all = { maxFiles: 20, maxTotalBytes: 200, maxEntries: 42 }
    expect((await readTree(root, { limits: { maxFiles: 19 } })).isWhole).toBe(false)
    const tree = await readTree(root, { limits: all })
    expect(tree.files).toHaveLength(20)
    expect(tree.isWhole).toBe(true)
  })

  test('counts the problems that it does not tell one by one', async () => {
    await using folder = await TestFolder.create()
    for (let index = 0; index < 1003; index++) await symlink('x', join(folder.path, `${index}.vgo`))
    const { problems, problemsLeftOut } = await readTree(folder.path)
    expect([problems.length, problemsLeftOut]).toEqual([1000, 3])
  })

  test('reports what killed writers left, and does not take it for configuration', async () => {
    await using folder = await TestFolder.create()
    const root = await folder.write({
      'd/.tmp-0123456789ab-a.vgo': '',
      '.tmp-0123456789ab-notes': '',
      '.tmp-mine.vgo': '',
    })
    const tree = await readTree(root)
    expect(tree.files).toEqual([])
    expect(tree.leftovers).toEqual(['d/.tmp-0123456789ab-a.vgo'])
  })

  test('ends when it is told to', async () => {
    await using folder = await TestFolder.create()
    await mkdir(join(folder.path, 'd'))
    for (let index = 0; index < 600; index++) await writeFile(join(folder.path, 'd', `${index}.vgo`), '')
    const stop = new AbortController()
    const reading = readTree(folder.path, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})
