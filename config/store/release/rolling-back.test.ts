import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { A, B, C, COUNTS, hashOf, liveFiles, publish, rollback, setUp } from './scenario.ts'

describe('rolling back', () => {
  test('makes the release before live again, as a new entry with its own author and reason', async () => {
    const { folder, releases, clock } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    clock.time += 60_000
    const { entry, changes } = await rollback(releases)
    expect(entry).toEqual({
      number: 3,
      release: hashOf(A),
      kind: 'rollback',
      author: 'bob',
      reason: 'it broke',
      time: '2026-11-20T12:01:00.000Z',
      basedOn: hashOf(B),
      restores: 1,
      counts: COUNTS,
      files: 2,
      changes: { added: 0, changed: 1, removed: 0 },
    })
    expect(changes).toEqual({ added: [], changed: ['roles.vgo'], removed: [] })
    expect(await liveFiles(releases)).toEqual(A)
  })

  test('goes further back each time, never to what it just took away', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    for (const tree of [A, B, C]) await publish(releases, tree)
    expect((await rollback(releases)).entry.restores).toBe(2)
    expect((await rollback(releases)).entry.restores).toBe(1)
    await expect(rollback(releases)).rejects.toThrow(
      `there is nothing before release ${hashOf(A).slice(0, 12)}; name the release to go back to`,
    )
    expect((await rollback(releases, '3')).entry).toMatchObject({ number: 6, restores: 3 })
    expect((await rollback(releases, hashOf(A))).entry).toMatchObject({ number: 7, restores: 1 })
    expect(await liveFiles(releases)).toEqual(A)
  })

  test('refuses what is live, what is not known, and what is not what was published', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await expect(rollback(releases)).rejects.toThrow('the history does not know what is live')
    await publish(releases, A)
    await publish(releases, B)
    await expect(rollback(releases, '2')).rejects.toMatchObject({
      code: 'already-live',
      message: `release ${hashOf(B).slice(0, 12)} is live already; name another one`,
    })
    await expect(rollback(releases, '7')).rejects.toMatchObject({ code: 'no-release' })
    using archive = new DatabaseSync(join(folder.path, 'releases/archive.sqlite'))
    archive.prepare("UPDATE content SET bytes = CAST('x' AS BLOB) WHERE sha256 = ?").run(sha256Hex(A['roles.vgo']))
    await expect(rollback(releases, '1')).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringMatching(
        / is not what was published: 'roles\.vgo' differs, in .*archive\.sqlite; publish its sources again$/,
      ),
    })
    expect(await releases.live()).toBe(hashOf(B))
    expect((await releases.history()).entries).toHaveLength(2)
    for (const tree of [A, B]) await publish(releases, tree)
    await rollback(releases, '1')
    expect(await liveFiles(releases)).toEqual(A)
  })

  test('asks before the old tree goes live', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await using publisher = await releases.publisher({ doing: 'rollback' })
    const check = async ({ files }: { files: readonly unknown[] }): Promise<void> => {
      throw new Error(`${files.length} files are no longer valid`)
    }
    await expect(publisher.rollback({ author: '', reason: '', check })).rejects.toThrow('2 files are no longer valid')
    expect(await releases.live()).toBe(hashOf(B))
  })
})
