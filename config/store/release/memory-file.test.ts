import { chmod, chown, link, mkdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { TestFolder } from './fixture.ts'
import { readMemory, writeMemory } from './memory-file.ts'
import { type ReleasePlaces, releasePlaces } from './places.ts'

const RECORDS = new Map([
  ['file a', '{"x":"ü"}'],
  ['entry b', 'k k\nc c\n'],
  ['formatted c', ''],
])
const NOTHING = new Map()

async function setUp(): Promise<{ folder: TestFolder; places: ReleasePlaces; path: string }> {
  const folder = await TestFolder.create()
  const places = releasePlaces(folder.path)
  await mkdir(places.releases)
  await writeMemory(places, 'one', RECORDS)
  return { folder, places, path: places.memory }
}

describe('the file of what is remembered', () => {
  test('comes back as it was written, to its own user only', async () => {
    const { folder, places, path } = await setUp()
    await using _ = folder
    expect(await readMemory(places, 'one')).toEqual(RECORDS)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await writeMemory(places, 'one', NOTHING)
    expect((await readMemory(places, 'one')).get('file a')).toBeUndefined()
  })

  test('is nothing where there is none, and to another version of the program', async () => {
    const { folder, places } = await setUp()
    await using _ = folder
    expect(await readMemory(places, 'two')).toEqual(NOTHING)
    expect(await readMemory(releasePlaces(`${folder.path}/none`), 'one')).toEqual(NOTHING)
    await writeMemory(releasePlaces(`${folder.path}/none`), 'one', RECORDS)
  })

  test('is nothing when it is cut off anywhere, or has another byte anywhere', async () => {
    const { folder, places, path } = await setUp()
    await using _ = folder
    const bytes = await readFile(path)
    for (let length = 0; length < bytes.byteLength; length++) {
      await writeFile(path, bytes)
      await truncate(path, length)
      expect(await readMemory(places, 'one')).toEqual(NOTHING)
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(length) ^ 1, length)
      await writeFile(path, damaged)
      expect(await readMemory(places, 'one')).toEqual(NOTHING)
    }
  })

  test.each<[string, (path: string) => Promise<void>]>([
    ['others may write it', path => chmod(path, 0o606)],
    ['its group may read it', path => chmod(path, 0o640)],
    ['it has another name, by which somebody may keep it', path => link(path, `${path}-kept`)],
    [
      'it is a link to a file of its own user',
      async path => {
        await rename(path, `${path}-moved`)
        await symlink(`${path}-moved`, path)
      },
    ],
    [
      'it is a folder',
      async path => {
        await rename(path, `${path}-moved`)
        await mkdir(path)
      },
    ],
  ])('is nothing when %s', async (_name, spoil) => {
    const { folder, places, path } = await setUp()
    await using _ = folder
    await spoil(path)
    expect(await readMemory(places, 'one')).toEqual(NOTHING)
  })

  test.runIf(process.geteuid?.() === 0)('is nothing when it belongs to somebody else', async () => {
    const { folder, places, path } = await setUp()
    await using _ = folder
    await chown(path, 65534, 65534)
    expect(await readMemory(places, 'one')).toEqual(NOTHING)
  })
})
