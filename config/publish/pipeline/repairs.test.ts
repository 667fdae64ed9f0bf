import { chmod, chown, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { positionOf } from '#config/lang'
import { asNobody } from '../../store/release/fixture.ts'
import { Site, STACKS, TestChecker } from './fixture.ts'
import { formatPublish } from './format.ts'

describe('repairs', () => {
  test('are written in place with the mode and owner of the file, before anything is judged', async () => {
    await using site = await Site.create({ ...STACKS, 'configcrates/motd.vgo': 'name: motd  \nerror: wrong   \n' })
    const path = site.path('stacks/configcrates/motd.vgo')
    await chmod(path, 0o664)
    const isRoot = process.geteuid?.() === 0
    if (isRoot) await chown(path, 1234, 4321)
    const result = await site.publish()
    expect(result.outcome).toBe('invalid')
    expect(result.repaired).toEqual(['configcrates/motd.vgo'])
    expect(await readFile(path, 'utf8')).toBe('#~ Manages things\nname: motd\nerror: wrong\n')
    const { mode, uid, gid } = await stat(path)
    expect(mode & 0o7777).toBe(0o664)
    if (isRoot) expect([uid, gid]).toEqual([1234, 4321])
    expect(positionOf(result.diagnostics[0]!.span)).toEqual({ line: 3, column: 8 })
    expect(await readdir(site.path('stacks/configcrates'))).toEqual(['motd.vgo'])
  })

  test('do not overwrite what somebody saves meanwhile', async () => {
    await using site = await Site.create({ ...STACKS, 'envoys.vgo': 'use: motd  \n' })
    const path = site.path('stacks/envoys.vgo')
    const slow = new TestChecker()
    const repair = slow.repair.bind(slow)
    slow.repair = async (files, context) => {
      await writeFile(path, 'use: other\n')
      return await repair(files, context)
    }
    const result = await site.publish({ checker: slow })
    expect(formatPublish(result).problems).toBe(
      "envoys.vgo: error: 'envoys.vgo' was changed while it was being published [changed-meanwhile]\n  run publish again",
    )
    expect(await readFile(path, 'utf8')).toBe('use: other\n')
    expect(await site.releases.live()).toBeNull()
    expect((await readdir(site.path('stacks'))).filter(name => name.startsWith('.'))).toEqual([])
  })

  test('that cannot be written are published all the same, with a warning', async () => {
    await using site = await Site.create({ ...STACKS, 'envoys.vgo': 'use: motd  \n' })
    await chmod(site.folder.path, 0o777)
    await chmod(site.path('stacks'), 0o555)
    await asNobody(async () => {
      const result = await site.publish()
      expect(formatPublish(result).problems).toContain(
        "envoys.vgo: warning: 'envoys.vgo' could not be repaired in place (EACCES); its repaired text is what is published [not-repaired]",
      )
      expect(result.outcome).toBe('published')
      expect((await site.live())['envoys.vgo']).toBe('use: motd\n')
    })
    expect(await readFile(site.path('stacks/envoys.vgo'), 'utf8')).toBe('use: motd  \n')
  })

  test('that a killed publish left behind are cleared', async () => {
    await using site = await Site.create({ ...STACKS, 'd/.tmp-0123456789ab-a.vgo': 'half' })
    await site.publish({ dryRun: true })
    expect(await readdir(site.path('stacks/d'))).toEqual(['.tmp-0123456789ab-a.vgo'])
    await site.publish()
    expect(await readdir(site.path('stacks/d'))).toEqual([])
  })
})
