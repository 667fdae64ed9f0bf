import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { treeFiles } from './fixture.ts'
import { COUNTS, setUp } from './scenario.ts'

describe('one publisher at a time', () => {
  test('the second one is told who publishes, waits, and goes on when the first is done', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    const first = await releases.publisher({ doing: 'publish' })
    await expect(releases.publisher({ doing: 'publish', waitMs: 0 })).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(
        new RegExp(
          `^\\S+ is publishing \\(publish, process ${process.pid} on .+, since 2026-11-20T12:00:00.000Z\\); try again`,
        ),
      ),
    })
    await expect(releases.publisher({ doing: 'publish', waitMs: 1000 })).rejects.toThrow(
      'did not end within 1s; try again',
    )
    const waited: unknown[] = []
    const second = releases.publisher({
      doing: 'rollback',
      waitMs: 1e9,
      onWait: holder => {
        waited.push(holder?.doing)
        void first[Symbol.asyncDispose]()
      },
    })
    await (await second)[Symbol.asyncDispose]()
    expect(waited).toEqual(['publish'])
  })

  test('holds from the very first one on, within one process too', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    let publishing = 0
    const publishOne = async (text: string): Promise<void> => {
      await using publisher = await releases.publisher({ doing: 'publish', waitMs: 1e9 })
      expect(++publishing).toBe(1)
      await publisher.publish({ files: treeFiles({ 'a.vgo': text }), counts: COUNTS, author: text, reason: '' })
      publishing--
    }
    await Promise.all(['1', '2', '3', '4', '5'].map(publishOne))
    const { entries } = await releases.history()
    expect(entries.map(({ author }) => author).toSorted()).toEqual(['1', '2', '3', '4', '5'])
    expect((await stat(join(folder.path, 'releases/.lock'))).mode & 0o777).toBe(0o660)
  })

  test('does not clear what another publisher is writing', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    const staging = join(folder.path, 'releases/.staging-other')
    await using first = await releases.publisher({ doing: 'publish' })
    await mkdir(staging)
    await expect(releases.publisher({ doing: 'publish', waitMs: 0 })).rejects.toMatchObject({ code: 'busy' })
    expect((await stat(staging)).isDirectory()).toBe(true)
    await first[Symbol.asyncDispose]()
    await (await releases.publisher({ doing: 'publish' }))[Symbol.asyncDispose]()
    await expect(stat(staging)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('stops waiting when it is told to', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await using _first = await releases.publisher({ doing: 'publish' })
    const stop = new AbortController()
    const onWait = (): void => stop.abort(new Error('enough'))
    await expect(releases.publisher({ doing: 'publish', waitMs: 1e9, onWait, signal: stop.signal })).rejects.toThrow(
      'enough',
    )
  })

  test('says what the lock must be when something else is in its place', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await mkdir(join(folder.path, 'releases'))
    await writeFile(join(folder.path, 'releases/.lock'), 'not a lock'.repeat(100))
    await expect(releases.publisher({ doing: 'publish' })).rejects.toThrow(
      /\.lock cannot be locked \(file is not a database\): it must be an empty file, writable by this user/,
    )
  })
})
