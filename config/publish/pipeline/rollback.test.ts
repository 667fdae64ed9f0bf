import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Site, TestChecker } from './fixture.ts'
import { formatRollback } from './format.ts'
import { rollback } from './rollback.ts'

describe('rollback', () => {
  test('brings an old release back, and says so', async () => {
    await using site = await Site.create()
    await site.publish()
    await site.write({ 'more.vgo': 'use: motd\n' })
    await site.publish()
    const result = await site.rollback()
    const { release } = await site.releases.find('live')
    expect(formatRollback(result)).toEqual({
      problems: '',
      summary: `Rolled back to release 1 (${release.slice(0, 12)}): 1 configcrate, 0 roles, 1 envoy entry (3 files synced)\n- more.vgo`,
    })
    expect(await readFile(site.path('stacks/more.vgo'), 'utf8')).toBe('use: motd\n')
  })

  test('does not make live what is not valid any more', async () => {
    await using site = await Site.create()
    await site.publish()
    await site.write({ 'more.vgo': 'use: motd\n' })
    await site.publish()
    const strict = new TestChecker()
    const check = strict.check.bind(strict)
    strict.check = async (files, context) => {
      const [file] = files
      const span = { file: file!, start: 0, end: 4 }
      const diagnostic = {
        code: 'new-rule',
        severity: 'error',
        span,
        message: 'not any more',
        hint: '',
        related: [],
      } as const
      return { ...(await check(files, context)), diagnostics: [diagnostic] }
    }
    const { releases } = site
    const result = await rollback({ releases, checker: strict, author: 'bob', reason: '' })
    expect(formatRollback(result)).toEqual({
      problems: 'configcrates/motd.vgo:1:1: error: not any more [new-rule]\n  1 | name: motd\n    | ^^^^',
      summary: 'Rollback failed: release 1 is not valid for this version; nothing was changed',
    })
    expect((await releases.find('live')).number).toBe(2)
  })
})
