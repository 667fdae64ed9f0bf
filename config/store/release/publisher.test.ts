import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TestClock, TestFolder, treeFiles } from './fixture.ts'
import { releasePlaces } from './places.ts'
import type { AlreadyLive, Released } from './publisher.ts'
import { releaseHash } from './release-hash.ts'
import { Releases } from './releases.ts'

const COUNTS = { configcrates: 1, roles: 2, envoyEntries: 3 }
const A = { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'a\n' }
const B = { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'b\n' }
const C = { 'configcrates/sshd.vgo': 'name: sshd\n', 'roles.vgo': 'b\n' }
type Files = Readonly<Record<string, string>>

const hashOf = (files: Files): string => releaseHash(treeFiles(files))

async function setUp(keep = 20): Promise<{ folder: TestFolder; clock: TestClock; releases: Releases }> {
  const folder = await TestFolder.create()
  const clock = new TestClock()
  return { folder, clock, releases: new Releases({ places: releasePlaces(folder.path), clock, keep }) }
}

async function publish(releases: Releases, files: Files, reason = ''): Promise<Released | AlreadyLive> {
  await using publisher = await releases.publisher({ doing: 'publish', waitMs: 0 })
  return await publisher.publish({ files: treeFiles(files), counts: COUNTS, author: 'alice', reason })
}

async function rollback(releases: Releases, to?: string, evenIfFrozen = false): Promise<Released> {
  await using publisher = await releases.publisher({ doing: 'rollback', waitMs: 0 })
  return await publisher.rollback({ to, author: 'bob', reason: 'it broke', evenIfFrozen })
}

async function liveFiles(releases: Releases): Promise<Files> {
  const live = await releases.live()
  const { files } = await releases.tree(live!)
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}

describe('publishing', () => {
  test('makes a folder that is named by its content, points .live at it and writes the history', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    expect(await releases.live()).toBeNull()
    const released = await publish(releases, A, 'first')
    const entry = {
      number: 1,
      release: hashOf(A),
      kind: 'publish',
      author: 'alice',
      reason: 'first',
      time: '2026-11-20T12:00:00.000Z',
      basedOn: null,
      restores: null,
      counts: COUNTS,
      files: 2,
      changes: { added: 2, changed: 0, removed: 0 },
    }
    expect(released).toEqual({
      outcome: 'released',
      entry,
      changes: { added: ['configcrates/motd.vgo', 'roles.vgo'], changed: [], removed: [] },
    })
    expect(await readlink(join(folder.path, '.live'))).toBe(`releases/${hashOf(A)}`)
    expect(await liveFiles(releases)).toEqual(A)
    expect(await releases.history()).toEqual({ entries: [entry], damaged: [] })

    const second = await publish(releases, C)
    expect(second).toMatchObject({
      entry: { number: 2, basedOn: hashOf(A) },
      changes: { added: ['configcrates/sshd.vgo'], changed: ['roles.vgo'], removed: ['configcrates/motd.vgo'] },
    })
    expect((await releases.status()).entry?.number).toBe(2)
  })

  test('gives folders 0750, files 0640 and stacks 0770, whatever the umask', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await mkdir(join(folder.path, 'stacks'), { mode: 0o700 })
    const umask = process.umask(0o077)
    try {
      await publish(releases, A)
    } finally {
      process.umask(umask)
    }
    const modeOf = async (path: string): Promise<string> =>
      ((await stat(join(folder.path, path))).mode & 0o7777).toString(8)
    expect(await modeOf('.live')).toBe('750')
    expect(await modeOf('.live/configcrates')).toBe('750')
    expect(await modeOf('.live/configcrates/motd.vgo')).toBe('640')
    expect(await modeOf('stacks')).toBe('770')
    expect(await modeOf('releases')).toBe('2750')
    expect(await modeOf('releases/history/00000001.json')).toBe('640')
  })

  test('leaves nothing but releases, history and the lock', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    expect((await readdir(folder.path)).toSorted()).toEqual(['.live', 'releases'])
    expect((await readdir(join(folder.path, 'releases'))).toSorted()).toEqual(
      ['.lock', hashOf(A), hashOf(B), 'history'].toSorted(),
    )
    expect((await readdir(join(folder.path, 'releases/history'))).toSorted()).toEqual([
      '00000001.json',
      '00000002.json',
    ])
    expect((await stat(join(folder.path, 'releases/.lock'))).size).toBe(0)
  })

  test('does nothing when the release is live already', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    const before = await lstat(join(folder.path, '.live'))
    expect(await publish(releases, A)).toEqual({ outcome: 'already-live', release: hashOf(A), mended: [] })
    expect((await lstat(join(folder.path, '.live'))).ino).toBe(before.ino)
    expect((await releases.history()).entries).toHaveLength(1)
  })

  test('mends the live release when somebody changed it by hand', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await writeFile(join(folder.path, '.live/roles.vgo'), 'by hand')
    await writeFile(join(folder.path, '.live/extra.vgo'), 'by hand')
    await rm(join(folder.path, '.live/configcrates'), { recursive: true })
    expect(await publish(releases, A)).toEqual({
      outcome: 'already-live',
      release: hashOf(A),
      mended: ['configcrates/motd.vgo', 'roles.vgo', 'extra.vgo'],
    })
    expect(await liveFiles(releases)).toEqual(A)
    await symlink('roles.vgo', join(folder.path, '.live/link.vgo'))
    await expect(publish(releases, A)).rejects.toThrow(/is not what was published: 'link.vgo' is a symbolic link/)
    await rm(join(folder.path, 'releases', hashOf(A)), { recursive: true })
    expect(await publish(releases, A)).toMatchObject({ mended: ['configcrates/motd.vgo', 'roles.vgo'] })
    expect(await liveFiles(releases)).toEqual(A)
  })

  test('publishes again what is kept, and writes it anew where it was damaged', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await writeFile(join(folder.path, 'releases', hashOf(A), 'roles.vgo'), 'by hand')
    await publish(releases, A)
    expect(await liveFiles(releases)).toEqual(A)
  })

  test('refuses a .live that is no link to a release, and says how to go on', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    const live = join(folder.path, '.live')
    await mkdir(live)
    const how = `it must be a link to releases/<hash>. Move it away (mv ${live} ${live}.old) and publish`
    await expect(publish(releases, A)).rejects.toMatchObject({
      code: 'bad-live',
      message: `${live} is not a symbolic link; ${how}`,
    })
    await rm(live, { recursive: true })
    for (const target of ['/etc', 'stacks', `elsewhere/${'0'.repeat(64)}`, `../${'0'.repeat(64)}`]) {
      await symlink(target, live)
      await expect(publish(releases, A)).rejects.toThrow(`points at "${target}", which is no release; ${how}`)
      await rm(live)
    }
  })

  test('refuses authors and reasons that would not fit into one line', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await expect(publish(releases, A, 'two\nlines')).rejects.toMatchObject({
      code: 'bad-reason',
      message: 'the reason has line breaks or control characters; write one line',
    })
    await expect(publish(releases, A, 'x'.repeat(2001))).rejects.toThrow('the reason has more than 2000 characters')
    expect(await releases.live()).toBeNull()
  })

  test('never writes outside of the release, whatever paths it is given', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    for (const path of ['../evil.vgo', '/evil.vgo', 'a/../../evil.vgo', '.hidden.vgo', 'a\nb.vgo', 'evil.sh', '']) {
      await expect(publish(releases, { [path]: 'x' })).rejects.toThrow(RangeError)
    }
    expect((await readdir(join(folder.path, 'releases'))).toSorted()).toEqual(['.lock', 'history'])
  })

  test('goes on where .live was pointed elsewhere by hand, and where a release was removed', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await rm(join(folder.path, '.live'))
    await symlink(`releases/${hashOf(A)}`, join(folder.path, '.live'))
    expect((await releases.status()).warnings).toEqual([
      `.live was changed by hand: it points at ${hashOf(A).slice(0, 12)}, which is not the last release of the history`,
    ])
    await rm(join(folder.path, 'releases', hashOf(A)), { recursive: true })
    await expect(releases.tree(hashOf(A))).rejects.toThrow(/are not kept here/)
    expect(await publish(releases, C)).toMatchObject({ entry: { number: 3, basedOn: hashOf(A) } })
    expect(await liveFiles(releases)).toEqual(C)
    expect((await releases.status()).warnings).toEqual([])
  })
})

describe('the history', () => {
  test('keeps the files of the last releases only, and every entry', async () => {
    const { folder, releases } = await setUp(3)
    await using _gone = folder
    const trees = Array.from({ length: 6 }, (_, index) => ({ 'a.vgo': `${index}` }))
    for (const tree of trees) await publish(releases, tree)
    const kept = (await readdir(join(folder.path, 'releases'))).filter(name => name.length === 64)
    expect(kept.toSorted()).toEqual(trees.slice(3).map(hashOf).toSorted())
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
    const kept = async (): Promise<string[]> =>
      (await readdir(join(folder.path, 'releases'))).filter(name => name.length === 64).toSorted()
    const hashesOf = (...texts: string[]): string[] => texts.map(text => hashOf({ 'a.vgo': text })).toSorted()
    expect(await publish(releases, { 'a.vgo': '4' })).toMatchObject({ entry: { number: 4 } })
    expect(await kept()).toEqual(hashesOf('2', '3', '4'))
    expect(await publish(releases, { 'a.vgo': '5' })).toMatchObject({ entry: { number: 5 } })
    expect(await kept()).toEqual(hashesOf('4', '5'))
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
    await writeFile(join(folder.path, 'releases', hashOf(A), 'roles.vgo'), 'by hand')
    await expect(rollback(releases, '1')).rejects.toMatchObject({ code: 'damaged' })
    expect(await releases.live()).toBe(hashOf(B))
    expect((await releases.history()).entries).toHaveLength(2)
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

describe('a freeze', () => {
  test('refuses publish and rollback until it ends or is lifted, and says by whom, until when and why', async () => {
    const { folder, releases, clock } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await releases.freeze({ until: '2h', author: 'carol', reason: 'holidays' })
    const frozen = {
      code: 'frozen',
      message:
        'publishing is frozen until 2026-11-20T14:00:00.000Z by carol since 2026-11-20T12:00:00.000Z: holidays. Wait, or ask carol to unfreeze it',
    }
    await expect(publish(releases, C)).rejects.toMatchObject(frozen)
    await expect(rollback(releases)).rejects.toMatchObject(frozen)
    expect(await releases.live()).toBe(hashOf(B))
    await rollback(releases, undefined, true)
    expect(await releases.live()).toBe(hashOf(A))
    expect((await releases.status()).freeze?.author).toBe('carol')
    clock.time += 2 * 3600_000
    expect(await releases.frozen()).toBeNull()
    await publish(releases, C)
    await releases.freeze({ until: '2026-12-24', author: 'carol', reason: '' })
    await expect(publish(releases, A)).rejects.toThrow('no reason given')
    expect(await releases.unfreeze()).toBe(true)
    expect(await releases.unfreeze()).toBe(false)
    await publish(releases, A)
  })

  test('takes times that are still to come, within a year', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    const until = async (text: string): Promise<string> =>
      (await releases.freeze({ until: text, author: 'a', reason: '' })).until
    expect(await until('90m')).toBe('2026-11-20T13:30:00.000Z')
    expect(await until('2026-12-24')).toBe('2026-12-24T00:00:00.000Z')
    expect(await until('2026-12-24T18:00+02:00')).toBe('2026-12-24T16:00:00.000Z')
    for (const [text, message] of [
      ['soon', "'soon' is not a time; write for example 4h, 3d, 2027-01-04 or 2027-01-04T18:00:00Z"],
      ['5 parsecs', "'5 parsecs' is not a time"],
      ['2026-13-01', "'2026-13-01' is not a time"],
      ['2026-11-20', "'2026-11-20' is over already; name a time that is still to come"],
      ['0s', "'0s' is over already"],
      ['400d', "'400d' is more than a year away; freeze for less, and again if need be"],
    ] as const) {
      await expect(until(text)).rejects.toThrow(message)
    }
  })

  test('holds when its file cannot be understood', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await releases.freeze({ until: '2h', author: 'carol', reason: '' })
    await writeFile(join(folder.path, 'releases/freeze.json'), '{')
    await expect(publish(releases, A)).rejects.toThrow(
      'cannot be understood, so publishing stays frozen; unfreeze removes it',
    )
    expect(await releases.unfreeze()).toBe(true)
    await publish(releases, A)
  })
})

describe('warnings', () => {
  test('name every place that all users of the machine may write', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    expect((await releases.status()).warnings).toEqual([])
    const places = [folder.path, join(folder.path, 'releases'), join(folder.path, 'releases', hashOf(A))]
    for (const place of places) await chmod(place, 0o777)
    expect((await releases.status()).warnings).toEqual(
      places.map(
        place =>
          `${place} is writable by every user of this machine, who could change what servers read: chmod o-w ${place}`,
      ),
    )
  })
})
