import { chmod, chown, link, lstat, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { directoryExecutor } from './directory.ts'

const APP = '/srv/app'
const directoryWith = (given: Partial<Parameters<typeof directoryExecutor.check>[0]> = {}) =>
  attributesFor('directory', { target_path: APP, ...given })

executorCompliance(directoryExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a directory',
      attributes: directoryWith({ target_path: '/srv/app/data', mode: '0750' }),
      starts: {
        'where nothing is': box => box.folder('/srv'),
        'where it has another mode': box => box.folder('/srv/app/data', 0o700),
      },
      path: '/srv/app/data',
    },
    {
      name: 'no directory',
      attributes: directoryWith({ state: 'absent' }),
      starts: {
        'where there is a tree': async box => {
          await box.put('/srv/app/a/b/c', 'x')
          await box.put('/srv/app/a/d', 'x')
          await symlink('/', join(box.root, 'srv/app/link'))
        },
      },
      path: APP,
    },
    ...(isRoot
      ? [
          {
            name: 'a directory that is given away with all in it',
            attributes: directoryWith({ owner: 'daemon', group: 'daemon', recurse: true }),
            starts: {
              'where it is of root': async (box: Sandbox) => {
                await box.put('/srv/app/a/b', 'x')
                await box.put('/srv/app/c', 'x')
              },
            },
            path: APP,
          },
        ]
      : []),
  ],
})

describe('a directory', () => {
  test('is made with its parents, and those are for all to enter', async () => {
    await using box = await makeSandbox()
    await applyTo(box, directoryExecutor, directoryWith({ target_path: '/srv/a/b/', mode: '0700' }))
    const modes = await Promise.all(
      ['srv', 'srv/a', 'srv/a/b'].map(async path => (await lstat(join(box.root, path))).mode),
    )
    expect(modes.map(mode => mode & 0o777)).toEqual([0o755, 0o755, 0o700])
  })

  test('is not made where a file or link is', async () => {
    await using box = await makeSandbox()
    await box.put(APP, 'x')
    await expect(directoryExecutor.check(directoryWith(), box.machine, runOptions())).rejects.toThrow('is a file')
    await symlink('app', join(box.root, 'srv/link'))
    const linked = directoryWith({ target_path: '/srv/link' })
    await expect(directoryExecutor.check(linked, box.machine, runOptions())).rejects.toMatchObject({ code: 'unsafe' })
    const absent = directoryWith({ state: 'absent' })
    await expect(directoryExecutor.check(absent, box.machine, runOptions())).rejects.toThrow('it is not removed')
  })

  test('the root is nobody’s directory', async () => {
    await using box = await makeSandbox()
    for (const target_path of ['/', '//', '/srv/..']) {
      const root = directoryWith({ target_path, state: 'absent' })
      await expect(directoryExecutor.check(root, box.machine, runOptions())).rejects.toMatchObject({ code: 'unsafe' })
    }
  })

  test.runIf(isRoot)('that is given away does not give away what others linked into it', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/shadow', 'x', 0o600)
    await mkdir(join(box.root, 'home/dan'), { recursive: true })
    await chown(join(box.root, 'home/dan'), 4321, 4321)
    await link(join(box.root, 'etc/shadow'), join(box.root, 'home/dan/loot'))
    await box.put('/home/dan/plain', 'x')
    const mine = directoryWith({ target_path: '/home/dan', owner: '4321', group: '4321', recurse: true })
    const { note } = await applyTo(box, directoryExecutor, mine)
    expect(note).toContain('1 files in /home/dan keep their owner')
    expect(await lstat(join(box.root, 'etc/shadow'))).toMatchObject({ uid: 0 })
    expect(await lstat(join(box.root, 'home/dan/plain'))).toMatchObject({ uid: 4321, gid: 4321 })
    expect(await directoryExecutor.check(mine, box.machine, runOptions())).toEqual({ kind: 'compliant' })
  })

  test.runIf(isRoot)('that is given away does not give away what its links point to', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/shadow', 'x')
    await box.folder(APP)
    await symlink('../../etc/shadow', join(box.root, 'srv/app/link'))
    await applyTo(box, directoryExecutor, directoryWith({ owner: '4321', recurse: true }))
    expect(await lstat(join(box.root, 'srv/app/link'))).toMatchObject({ uid: 4321 })
    expect(await lstat(join(box.root, 'etc/shadow'))).toMatchObject({ uid: 0 })
  })

  test('keeps nothing of a set-group bit that is not wanted', async () => {
    await using box = await makeSandbox()
    await box.folder(APP)
    await chmod(join(box.root, APP), 0o2755)
    const { changes } = await applyTo(box, directoryExecutor, directoryWith())
    expect(changes).toEqual([{ attribute: 'mode', from: '2755', to: '0755' }])
  })
})
