import { rm, symlink } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { SourceFile } from '#config/lang'
import { Site, STACKS } from './fixture.ts'
import { formatPublish } from './format.ts'

describe('an invalid tree', () => {
  test('is not published, and every error is shown: of files, of repairs and of the check', async () => {
    await using site = await Site.create()
    await site.publish()
    const before = await site.live()
    await site.write({
      'configcrates/bad.vgo': 'name: bad\n  error: broken in two ways\nunrepairable: keys twice\n',
      'envoys.vgo': 'use: motd\nerror: no such host\n',
    })
    await symlink('/etc/passwd', site.path('stacks/leak.vgo'))
    const { problems, summary: last } = formatPublish(await site.publish())
    expect(problems).toBe(
      [
        'configcrates/bad.vgo:3:10: error: broken in two ways [error]',
        '  3 |   error: broken in two ways',
        '    |          ^^^^^^^^^^^^^^^^^^',
        '  mend it',
        'configcrates/bad.vgo:4:15: error: keys twice [unrepairable]',
        '  4 | unrepairable: keys twice',
        '    |               ^^^^^^^^^^',
        '  mend it',
        'envoys.vgo:2:8: error: no such host [error]',
        '  2 | error: no such host',
        '    |        ^^^^^^^^^^^^',
        '  mend it',
        "leak.vgo: error: 'leak.vgo' is a symbolic link to /etc/passwd, outside of the tree; links are not published [symbolic-link]",
        '  put a copy of what it points at in its place, or remove it',
      ].join('\n'),
    )
    expect(last).toBe('Validation failed: 4 errors; nothing was published\nRepaired in place: configcrates/bad.vgo')
    expect(await site.live()).toEqual(before)
    expect((await site.releases.history()).entries).toHaveLength(1)
  })

  test('is not checked when it was not read to its end', async () => {
    await using site = await Site.create()
    const result = await site.publish({ limits: { maxFiles: 2 } })
    expect(result.diagnostics.map(({ code }) => code)).toEqual(['too-many-files'])
    expect(site.checker.checks).toEqual([])
  })

  test('shows errors before warnings where there are too many', async () => {
    await using site = await Site.create()
    const file: SourceFile = { path: 'envoys.vgo', text: STACKS['envoys.vgo']! }
    const one = { code: 'x', span: { file, start: 0, end: 1 }, message: 'm', hint: 'h', related: [] }
    const warnings = Array.from({ length: 1500 }, () => ({ ...one, severity: 'warning' }) as const)
    const verdict = await site.checker.check([file], { changed: new Set(), signal: undefined })
    const { memory, version } = site.checker
    const checker = {
      memory,
      version,
      repair: async () => ({ edits: new Map(), diagnostics: [] }),
      check: async () => ({ ...verdict, diagnostics: [...warnings, { ...one, severity: 'error' } as const] }),
    }
    const result = await site.publish({ checker })
    expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toHaveLength(1)
    expect(result.diagnosticsLeftOut).toBe(501)
    expect(formatPublish(result).problems).toMatch(/\n… and 501 more$/)
  })

  test('is told apart from a tree that is not there', async () => {
    await using site = await Site.create()
    await rm(site.path('stacks'), { recursive: true })
    await expect(site.publish()).rejects.toMatchObject({ code: 'no-folder' })
    await expect(site.publish({ dryRun: true })).rejects.toMatchObject({ code: 'no-folder' })
  })
})
