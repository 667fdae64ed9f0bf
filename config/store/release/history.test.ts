import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { A, B, hashOf, publish, rollback, setUp } from './scenario.ts'

describe('the history', () => {
  test('keeps the files of the last releases only, and every entry', async () => {
    const { folder, releases } = await setUp(3)
    await using _gone = folder
    const trees = Array.from({ length: 6 }, (_, index) => ({ 'a.vgo': `${index}` }))
    for (const tree of trees) await publish(releases, tree)
    expect(await Promise.all(trees.map(tree => releases.isKept(hashOf(tree))))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ])
    expect((await releases.history()).entries.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1])
    expect((await releases.history({ limit: 2 })).entries.map(({ number }) => number)).toEqual([6, 5])
    await expect(rollback(releases, '2')).rejects.toMatchObject({
      code: 'no-release',
      message: `release ${hashOf(trees[1]!).slice(0, 12)} (number 2) is no longer kept: the last 3 are; publish its sources again`,
    })
  })

  test('names damaged files, removes no release that they might keep, and never gives their numbers again', async () => {
    const { folder, releases } = await setUp(2)
    await using _gone = folder
    for (const text of ['1', '2', '3']) await publish(releases, { 'a.vgo': text })
    const file = join(folder.path, 'releases/history/00000003.json')
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 50))
    expect((await releases.history()).damaged).toEqual(['00000003.json'])
    expect((await releases.status()).warnings.join()).toContain('the history has damaged files')
    const kept = async (): Promise<string[]> => {
      const names: string[] = []
      for (const text of '12345') if (await releases.isKept(hashOf({ 'a.vgo': text }))) names.push(text)
      return names
    }
    expect(await publish(releases, { 'a.vgo': '4' })).toMatchObject({ entry: { number: 4 } })
    expect(await kept()).toEqual(['2', '3', '4'])
    expect(await publish(releases, { 'a.vgo': '5' })).toMatchObject({ entry: { number: 5 } })
    expect(await kept()).toEqual(['4', '5'])
  })

  test('finds releases by number, by the beginning of their hash, and as live', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    expect((await releases.find('1')).release).toBe(hashOf(A))
    expect((await releases.find('#2')).release).toBe(hashOf(B))
    expect((await releases.find(hashOf(A).slice(0, 8))).number).toBe(1)
    expect((await releases.find('live')).number).toBe(2)
    for (const name of ['3', hashOf(A).slice(0, 5), 'nothing', '', '#']) {
      await expect(releases.find(name)).rejects.toThrow(`the history has no release '${name}'`)
    }
  })
})
