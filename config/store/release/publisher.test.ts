import { chmod, lstat, mkdir, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { A, B, C, COUNTS, hashOf, liveFiles, publish, rollback, setUp } from './scenario.ts'

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

  test('leaves nothing but the live release, what is kept of others, history and the lock', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    expect((await readdir(folder.path)).toSorted()).toEqual(['.live', 'releases'])
    expect((await readdir(join(folder.path, 'releases'))).toSorted()).toEqual(
      ['.lock', '.spare', '.spare.stamps', hashOf(B), `${hashOf(B)}.stamps`, 'archive.sqlite', 'history'].toSorted(),
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

  test('publishes again what was live before, whatever somebody did to the folder that it is made of', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await writeFile(join(folder.path, 'releases/.spare/roles.vgo'), 'by hand')
    await publish(releases, A)
    expect(await liveFiles(releases)).toEqual(A)
    await rm(join(folder.path, 'releases/.spare'), { recursive: true })
    await publish(releases, B)
    expect(await liveFiles(releases)).toEqual(B)
  })

  test('keeps what was kept as folders, as older versions did', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    for (const tree of [A, B, C]) await publish(releases, tree)
    await rm(join(folder.path, 'releases/archive.sqlite'))
    await folder.write(A, join('releases', hashOf(A)))
    await folder.write({ ...B, 'roles.vgo': 'by hand' }, join('releases', hashOf(B)))
    await expect(rollback(releases, '2')).rejects.toThrow(
      /is not what was published.*releases\/[0-9a-f]{64}, or publish/,
    )
    await rollback(releases, '1')
    expect(await liveFiles(releases)).toEqual(A)
    await rollback(releases, '3')
    expect(await liveFiles(releases)).toEqual(C)
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
    await expect(releases.tree(hashOf(A))).rejects.toThrow(/the folder of the live release, is gone; publish again/)
    expect(await publish(releases, C)).toMatchObject({ entry: { number: 3, basedOn: hashOf(A) } })
    expect(await liveFiles(releases)).toEqual(C)
    expect((await releases.status()).warnings).toEqual([])
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
