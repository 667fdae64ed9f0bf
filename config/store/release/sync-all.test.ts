import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { TestFolder } from './fixture.ts'
import { syncAll } from './sync-all.ts'

const names = (count: number) => Array.from({ length: count }, (_, at) => `${at}.vgo`)

describe('syncAll', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('syncs few files one by one, and says which it cannot', async () => {
    await using folder = await TestFolder.create()
    await folder.write({ '0.vgo': '', '1.vgo': '' })
    const paths = names(2).map(name => join(folder.path, name))
    await syncAll(folder.path, paths)
    await expect(syncAll(folder.path, [...paths, join(folder.path, 'gone')])).rejects.toThrow(/gone/)
  })

  test('syncs many one by one where there is no program for all at once', async () => {
    await using folder = await TestFolder.create()
    await folder.write(Object.fromEntries(names(70).map(name => [name, ''])))
    const paths = names(70).map(name => join(folder.path, name))
    await syncAll(folder.path, paths)
    vi.stubEnv('PATH', folder.path)
    await syncAll(folder.path, paths)
    await expect(syncAll(folder.path, [...paths, join(folder.path, 'gone')])).rejects.toThrow(/gone/)
  })

  test('ends when it is told to', async () => {
    await using folder = await TestFolder.create()
    await expect(syncAll(folder.path, [folder.path], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })
})
