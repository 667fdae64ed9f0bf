import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '#node/kit'
import { Shelf, type ShelfItem } from './shelf.ts'

const artifact = 'ab'.repeat(32)
let folder: string
let shelf: Shelf

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-shelf-'))
  shelf = new Shelf({ folder, logger: silentLogger })
})
afterEach(() => rm(folder, { recursive: true }))

async function put(version: string, tags: string[]): Promise<ShelfItem> {
  const blob = { os: 'linux', arch: 'amd64', blobSha: 'cd'.repeat(32), sizeBytes: 3, chunks: 'ef'.repeat(32) }
  const path = shelf.path(artifact, 'tool', version, blob)
  await shelf.prepare(path)
  await writeFile(path, 'abc')
  const item = {
    artifact,
    name: 'tool',
    version,
    platform: 'linux-amd64',
    blobSha: blob.blobSha,
    sizeBytes: 3,
    path,
    pulledAt: 1,
  }
  await shelf.record(item, tags)
  return item
}

test('an item is found under its version and its tags, and a tag that moved follows', async () => {
  await put('1', ['latest'])
  await put('2', ['latest'])
  const { entries } = JSON.parse(await readFile(join(folder, 'cache.json'), 'utf8'))
  expect(entries[`${artifact}/tool@1#linux-amd64`].version).toBe('1')
  expect(entries[`${artifact}/tool:latest#linux-amd64`].version).toBe('2')
  expect((await shelf.items()).map(item => item.version).sort()).toEqual(['1', '2'])
})

test('removing takes the file and all its names', async () => {
  const item = await put('1', ['latest'])
  await shelf.remove([item])
  await expect(stat(item.path)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await shelf.items()).toEqual([])
})

test('an index that lies about a path outside the shelf removes nothing there', async () => {
  const outside = join(folder, '..', `vigo-outside-${process.pid}`)
  await writeFile(outside, 'x')
  await shelf.remove([{ ...(await put('1', [])), path: outside }])
  expect((await stat(outside)).isFile()).toBe(true)
  await rm(outside)
})

test('a damaged index is written anew', async () => {
  await writeFile(join(folder, 'cache.json'), '{')
  expect(await shelf.items()).toEqual([])
  await put('1', [])
  expect(await shelf.items()).toHaveLength(1)
})
