import { readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, makeSandbox, runOptions } from '../fixture.ts'
import { symlinkExecutor } from './symlink.ts'

const LINK = '/etc/localtime'
const linkWith = (given: Partial<Parameters<typeof symlinkExecutor.check>[0]> = {}) =>
  attributesFor('symlink', { target_path: LINK, link_target: '../usr/zone', ...given })

executorCompliance(symlinkExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a link',
      attributes: linkWith({ force: true }),
      starts: {
        'where nothing is': box => box.folder('/etc'),
        'where a file is': box => box.put(LINK, 'x'),
        'where an empty directory is': box => box.folder(LINK),
        'where it leads elsewhere': async box => {
          await box.folder('/etc')
          await symlink('elsewhere', join(box.root, LINK))
        },
      },
      path: LINK,
    },
    {
      name: 'no link',
      attributes: linkWith({ state: 'absent' }),
      starts: {
        'where there is one': async box => {
          await box.put('/etc/file', 'x')
          await symlink('file', join(box.root, LINK))
        },
      },
      path: LINK,
    },
  ],
})

describe('a symbolic link', () => {
  test('does not replace a file without force, and never a directory with something in it', async () => {
    await using box = await makeSandbox()
    await box.put(LINK, 'x')
    await expect(symlinkExecutor.check(linkWith(), box.machine, runOptions())).rejects.toThrow("'force: true' replaces")
    await box.put('/etc/folder/file', 'precious')
    const forced = linkWith({ target_path: '/etc/folder', force: true })
    await expect(applyTo(box, symlinkExecutor, forced)).rejects.toThrow('the directory is not empty')
    expect(await box.read('/etc/folder/file')).toBe('precious')
  })

  test('is not removed where something else is', async () => {
    await using box = await makeSandbox()
    await box.put(LINK, 'x')
    const absent = linkWith({ state: 'absent' })
    await expect(symlinkExecutor.check(absent, box.machine, runOptions())).rejects.toThrow('it is not removed')
  })

  test('of a sandbox leads below its root', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc')
    await applyTo(box, symlinkExecutor, linkWith({ link_target: '/usr/zone' }))
    expect(await readlink(join(box.root, LINK))).toBe(join(box.root, 'usr/zone'))
  })
})
