import { execFileSync } from 'node:child_process'
import { chown, lstat, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { fileError, findPlace, findThroughLink, makePlace, removeTree, replaceFile } from './index.ts'

const options = runOptions()
const STRANGER = 4321

const write = async (box: Sandbox, path: string, text = 'new') => {
  await using place = await findPlace(box.machine, path, options)
  if (place === null) throw new Error(`${path} has no folder`)
  await replaceFile(
    place,
    { contents: Buffer.from(text), mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    options,
  )
}

describe('a path', () => {
  test('leads through links of root, absolute and relative, and back', async () => {
    await using box = await makeSandbox()
    await box.folder('/usr/lib/app')
    await symlink('usr/lib', join(box.root, 'lib'))
    await symlink(join(box.root, 'lib/app'), join(box.root, 'app'))
    await symlink('../../app/../app', join(box.root, 'usr/lib/same'))
    for (const path of ['/lib/app/a', '/app/b', '/usr/lib/same/c']) await write(box, path)
    expect((await readdir(join(box.root, 'usr/lib/app'))).sort()).toEqual(['a', 'b', 'c'])
  })

  test('that is missing on the way is told as such', async () => {
    await using box = await makeSandbox()
    expect(await findPlace(box.machine, '/no/file', options)).toBeNull()
    await symlink('nowhere', join(box.root, 'link'))
    expect(await findPlace(box.machine, '/link/file', options)).toBeNull()
    await using made = await makePlace(box.machine, '/a/b/c', options)
    expect([made.path, await readdir(join(box.root, 'a'))]).toEqual([join(box.root, 'a/b/c'), ['b']])
  })

  test('does not lead through a file, or in a circle', async () => {
    await using box = await makeSandbox()
    await box.put('/file', 'x')
    await expect(findPlace(box.machine, '/file/x', options)).rejects.toThrow(
      '/file, on the way to /file/x, is no directory',
    )
    await symlink('b', join(box.root, 'a'))
    await symlink('a', join(box.root, 'b'))
    await expect(findPlace(box.machine, '/a/x', options)).rejects.toMatchObject({ code: 'unsafe' })
  })

  test.each([
    ['an absolute link', '/etc'],
    ['a relative link', '../../../../../../../../etc'],
    ['a link to a name that begins like the root', '<root>-other'],
  ])('does not lead out of a sandbox by %s', async (_, target) => {
    await using box = await makeSandbox()
    await symlink(target.replace('<root>', box.root), join(box.root, 'link'))
    await expect(findPlace(box.machine, '/link/x', options)).rejects.toThrow('out of the sandbox')
  })

  test.runIf(isRoot)('does not lead through links of strangers, or where strangers may put some', async () => {
    await using box = await makeSandbox()
    await box.folder('/target')
    await box.folder('/home/dan')
    await box.folder('/open', 0o777)
    await box.folder('/tmp', 0o1777)
    for (const folder of ['home/dan', 'open', 'tmp'])
      await symlink(join(box.root, 'target'), join(box.root, folder, 'link'))
    await chown(join(box.root, 'home/dan'), STRANGER, STRANGER)
    await expect(findPlace(box.machine, '/home/dan/link/x', options)).rejects.toMatchObject({ code: 'unsafe' })
    await expect(findPlace(box.machine, '/open/link/x', options)).rejects.toMatchObject({ code: 'unsafe' })
    await write(box, '/tmp/link/x')
    await symlink(join(box.root, 'target'), join(box.root, 'tmp/theirs'))
    execFileSync('chown', ['-h', String(STRANGER), join(box.root, 'tmp/theirs')])
    await expect(findPlace(box.machine, '/tmp/theirs/x', options)).rejects.toMatchObject({ code: 'unsafe' })
  })

  test('that is read may end in a link of root, and in none of others', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/real', 'x')
    await symlink('real', join(box.root, 'etc/link'))
    await using found = await findThroughLink(box.machine, '/etc/link', options)
    expect(found?.path).toBe(join(box.root, 'etc/real'))
    await box.folder('/open', 0o777)
    await symlink('../etc/real', join(box.root, 'open/link'))
    await expect(findThroughLink(box.machine, '/open/link', options)).rejects.toMatchObject({ code: 'unsafe' })
    await symlink('.', join(box.root, 'etc/dot'))
    await expect(findThroughLink(box.machine, '/etc/dot', options)).rejects.toThrow('is a link to a directory')
  })

  test.runIf(process.platform === 'linux')(
    'that is swapped after it was found still is the one that was found',
    async () => {
      await using box = await makeSandbox()
      await box.folder('/home/dan')
      await box.folder('/etc')
      await using place = await findPlace(box.machine, '/home/dan/file', options)
      if (place === null) throw new Error('it was not found')
      execFileSync('mv', [join(box.root, 'home/dan'), join(box.root, 'home/moved')])
      await symlink('../etc', join(box.root, 'home/dan'))
      await replaceFile(
        place,
        { contents: Buffer.from('x'), mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
        options,
      )
      expect(await readdir(join(box.root, 'etc'))).toEqual([])
      expect(await readdir(join(box.root, 'home/moved'))).toEqual(['file'])
    },
  )

  test('of many parts leaves no folder open', async () => {
    await using box = await makeSandbox()
    await box.folder('/a/b/c/d')
    const count = async () => (await readdir('/proc/self/fd')).length
    const before = await count()
    for (const path of ['/a/b/c/d/e', '/a/b/no/e', '/a/b/c/d']) {
      const place = await findPlace(box.machine, path, options)
      await place?.[Symbol.asyncDispose]()
    }
    expect(await count()).toBe(before)
  })
})

describe('a tree that is removed', () => {
  test('may not be so deep that the agent runs out of files', async () => {
    await using box = await makeSandbox()
    await box.folder(`/srv/app${'/d'.repeat(400)}`)
    const before = (await readdir('/proc/self/fd')).length
    await using place = await findPlace(box.machine, '/srv/app', options)
    if (place === null) throw new Error('it was not found')
    await expect(removeTree(place, options)).rejects.toThrow('is nested deeper than 256 directories')
    await place[Symbol.asyncDispose]()
    expect((await readdir('/proc/self/fd')).length).toBe(before)
  })

  test.runIf(isRoot && mayMount())('stays when something is mounted in it', async () => {
    await using box = await makeSandbox()
    await box.put('/srv/data/precious', 'x')
    await box.folder('/srv/app/a/data')
    const point = join(box.root, 'srv/app/a/data')
    execFileSync('mount', ['--bind', join(box.root, 'srv/data'), point])
    try {
      await using place = await findPlace(box.machine, '/srv/app', options)
      if (place === null) throw new Error('it was not found')
      await expect(removeTree(place, options)).rejects.toThrow(`${point} is mounted in /srv/app`)
      expect(await box.read('/srv/data/precious')).toBe('x')
    } finally {
      execFileSync('umount', [point])
    }
  })
})

describe('a full disk', () => {
  test.runIf(isRoot && mayMount())('blocks, says what to do, and leaves the old file', async () => {
    await using box = await makeSandbox()
    const point = join(box.root, 'small')
    await mkdir(point)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', point])
    try {
      await write(box, '/small/file', 'old')
      const writing = write(box, '/small/file', 'x'.repeat(200_000))
      await expect(writing).rejects.toMatchObject({ code: 'blocked' })
      await expect(writing).rejects.toThrow('writing /small/file is not possible: the disk is full; make room')
      expect([await box.read('/small/file'), await readdir(point)]).toEqual(['old', ['file']])
      execFileSync('mount', ['-o', 'remount,ro', point])
      await expect(write(box, '/small/file')).rejects.toThrow('the file system is read-only; mount it writable')
    } finally {
      execFileSync('umount', [point])
    }
  })

  test.runIf(isRoot && mayMount())('a file that is a mount by itself is written in place', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/hosts', 'old')
    await box.put('/real', 'old and longer')
    const point = join(box.root, 'etc/hosts')
    execFileSync('mount', ['--bind', join(box.root, 'real'), point])
    try {
      await write(box, '/etc/hosts', 'new')
      expect([await box.read('/real'), await readdir(join(box.root, 'etc'))]).toEqual(['new', ['hosts']])
    } finally {
      execFileSync('umount', [point])
    }
  })

  test.each([
    ['ENOSPC', 'blocked'],
    ['EDQUOT', 'blocked'],
    ['EROFS', 'blocked'],
    ['EPERM', 'blocked'],
    ['ELOOP', 'unsafe'],
    ['ENAMETOOLONG', 'failed'],
    ['EXDEV', 'failed'],
  ])('%s is %s', (code, kind) => {
    const error = Object.assign(new Error(`${code}: x`), { code, syscall: 'write' })
    expect(fileError(error, 'writing /x')).toMatchObject({ code: kind })
  })

  test('errors of other kinds stay what they are', () => {
    const reason = Object.assign(new Error('stopped'), { code: 'deadline' })
    expect(fileError(reason, 'writing /x')).toBe(reason)
  })
})

/** Containers often may not. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('names', () => {
  test('that are as long as names may be are written', async () => {
    await using box = await makeSandbox()
    const name = 'n'.repeat(255)
    await box.folder('/etc')
    await write(box, `/etc/${name}`)
    expect((await lstat(join(box.root, 'etc', name))).size).toBe(3)
    await expect(write(box, `/etc/${name}n`)).rejects.toMatchObject({ code: 'failed' })
  })
})
