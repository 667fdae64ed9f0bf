import { chmod, stat, truncate, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Archive } from './archive.ts'
import { asNobody, TestFolder, treeFiles } from './fixture.ts'
import { releasePlaces } from './places.ts'
import { releaseHash, releaseList } from './release-hash.ts'
import { A, B, C, type Files, hashOf } from './scenario.ts'
import type { TreeFile } from './tree.ts'

async function setUp(): Promise<{ folder: TestFolder; archive: Archive; path: string }> {
  const folder = await TestFolder.create()
  await folder.write({}, 'releases')
  const places = releasePlaces(folder.path)
  return { folder, archive: new Archive(places), path: places.archive }
}

async function put(archive: Archive, files: Files): Promise<void> {
  await archive.put(hashOf(files), treeFiles(files))
}

async function filesOf(archive: Archive, files: Files): Promise<Files | null> {
  const tree = await archive.tree(hashOf(files))
  return tree && Object.fromEntries(tree.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}

/** The file, which tells when its bytes are asked for. */
function onRead({ path, sha256, bytes }: TreeFile, read: () => unknown): TreeFile {
  return {
    path,
    sha256,
    get bytes() {
      read()
      return bytes
    },
  }
}

function countOf(path: string, table: 'release' | 'content'): number {
  using database = new DatabaseSync(path, { readOnly: true })
  return Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count'])
}

test('gives back each release as it was put, for whoever opens it next', async () => {
  const { folder, archive } = await setUp()
  await using _gone = folder
  const odd = { 'empty.vgo': '', 'ü/\u{1f600}.vgo': 'x', 'a b.tmpl': '\ufeffy\r\n' }
  for (const files of [A, B, odd, {}]) await put(archive, files)
  archive[Symbol.dispose]()
  using again = new Archive(releasePlaces(folder.path))
  for (const files of [A, B, odd, {}]) expect(await filesOf(again, files)).toEqual(files)
  expect(await again.tree(hashOf(C))).toBeNull()
})

test('where nothing was ever kept, has nothing and makes nothing', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  expect(await archive.has(hashOf(A))).toBe(false)
  expect(await archive.tree(hashOf(A))).toBeNull()
  await archive.keepOnly(new Set())
  await expect(stat(path)).rejects.toThrow('ENOENT')
  // As one leaves it who is killed before the first release is in it.
  await writeFile(path, '')
  expect(await archive.tree(hashOf(A))).toBeNull()
  await put(archive, A)
  expect(await filesOf(archive, A)).toEqual(A)
})

test('has each content once, and asks for no bytes of files that the release before has', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  await put(archive, A)
  const asked: string[] = []
  const watched = treeFiles(B).map(file => onRead(file, () => asked.push(file.path)))
  await archive.put(hashOf(B), watched)
  expect(asked).toEqual(['roles.vgo'])
  expect(countOf(path, 'content')).toBe(3)
  expect(await filesOf(archive, B)).toEqual(B)
})

test('forgets releases, and of their contents those that no other one has', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  for (const files of [A, B, C]) await put(archive, files)
  await archive.keepOnly(new Set([hashOf(B), hashOf(A)]))
  expect(await archive.has(hashOf(C))).toBe(false)
  expect([await filesOf(archive, A), await filesOf(archive, B)]).toEqual([A, B])
  expect(countOf(path, 'content')).toBe(3)
  await archive.keepOnly(new Set())
  expect([countOf(path, 'release'), countOf(path, 'content')]).toEqual([0, 0])
})

test('keeps all of a release or nothing of it', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  await put(archive, A)
  const broken = onRead({ ...treeFiles(C)[1]!, sha256: '0'.repeat(64) }, () => {
    throw new Error('changed meanwhile')
  })
  await expect(archive.put(hashOf(C), [...treeFiles(C), broken])).rejects.toThrow('changed meanwhile')
  const over = AbortSignal.abort(new Error('given up'))
  await expect(archive.put(hashOf(C), treeFiles(C), { signal: over })).rejects.toThrow('given up')
  expect([countOf(path, 'release'), countOf(path, 'content')]).toEqual([1, 2])
  await put(archive, C)
  expect(await filesOf(archive, C)).toEqual(C)
})

test('is read while somebody else writes it', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  await put(archive, A)
  using reader = new Archive(releasePlaces(folder.path))
  using writer = new DatabaseSync(path)
  writer.exec('BEGIN IMMEDIATE')
  writer.prepare('INSERT INTO release VALUES (?, ?)').run(hashOf(B), releaseList(treeFiles(B)))
  expect(await filesOf(reader, A)).toEqual(A)
  expect(await reader.has(hashOf(B))).toBe(false)
  writer.exec('COMMIT')
  expect(await reader.has(hashOf(B))).toBe(true)
})

test('is read by its own process while that puts more into it than SQLite keeps in memory', async () => {
  const { folder, archive } = await setUp()
  await using _gone = folder
  await put(archive, A)
  using reader = new Archive(releasePlaces(folder.path))
  await reader.has(hashOf(A))
  const reads: Promise<unknown>[] = []
  const files = treeFiles(
    Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`${at}.vgo`, `${at}`.repeat(20_000)])),
  )
  const watched = files.map((file, at) => onRead(file, () => at === 190 && reads.push(filesOf(reader, A))))
  await archive.put(releaseHash(files), watched)
  expect(await Promise.all(reads)).toEqual([A])
})

test('belongs to whoever may write in its folder, and to nobody else', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  const umask = process.umask(0o077)
  await put(archive, A)
  process.umask(umask)
  expect((await stat(path)).mode & 0o777).toBe(0o640)
  archive[Symbol.dispose]()
  await chmod(folder.path, 0o755)
  await chmod(path, 0o644)
  await asNobody(async () => {
    using other = new Archive(releasePlaces(folder.path))
    expect(await filesOf(other, A)).toEqual(A)
    await expect(put(other, B)).rejects.toMatchObject({ code: 'no-permission' })
  })
  await chmod(path, 0o600)
  await asNobody(async () => {
    using other = new Archive(releasePlaces(folder.path))
    await expect(other.has(hashOf(A))).rejects.toMatchObject({
      code: 'no-permission',
      message: expect.stringContaining(`not allowed to read or write ${path}`),
    })
  })
})

test('says what to do about a file that is damaged, no database, or of a newer version', async () => {
  const { folder, archive, path } = await setUp()
  await using _gone = folder
  await put(archive, { 'a.vgo': 'x'.repeat(100_000) })
  archive[Symbol.dispose]()
  await truncate(path, 8192)
  using cut = new Archive(releasePlaces(folder.path))
  await expect(put(cut, A)).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringMatching(/archive\.sqlite is damaged \(.*\): .* Move it away \(mv .*\) and publish/),
  })
  await writeFile(path, '')
  using made = new DatabaseSync(path)
  made.exec('PRAGMA user_version = 1')
  made.close()
  using empty = new Archive(releasePlaces(folder.path))
  await expect(empty.has(hashOf(A))).rejects.toThrow(/archive\.sqlite is damaged \(no such table: release\)/)
  await writeFile(path, 'not a database'.repeat(100))
  using none = new Archive(releasePlaces(folder.path))
  await expect(none.has(hashOf(A))).rejects.toMatchObject({ code: 'damaged' })
  await writeFile(path, '')
  using database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 2')
  using newer = new Archive(releasePlaces(folder.path))
  await expect(newer.has(hashOf(A))).rejects.toThrow(/was written by a newer vigo/)
})
