import { rm, stat, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { CheckContext } from './checker.ts'
import { MOTD, Site, STACKS, summary } from './fixture.ts'
import { formatPublish } from './format.ts'
import { publishJson } from './json.ts'
import type { PublishStep } from './types.ts'

describe('publish', () => {
  test('releases the tree: crates without comments, everything else as it is', async () => {
    await using site = await Site.create()
    const steps: PublishStep[] = []
    const result = await site.publish({ onProgress: step => steps.push(step) })
    expect(summary(result)).toBe(
      [
        'Published: 1 configcrate, 0 roles, 1 envoy entry (3 files synced)',
        '+ configcrates/motd.vgo',
        '+ envoys.vgo',
        '+ templates/motd.tmpl',
      ].join('\n'),
    )
    expect(await site.live()).toEqual({
      'envoys.vgo': '# all hosts\nuse: motd\n',
      'configcrates/motd.vgo': 'name: motd\ntemplate: motd\n',
      'templates/motd.tmpl': '# stays  \nhello\n',
    })
    expect(result).toMatchObject({
      outcome: 'published',
      isDryRun: false,
      entry: { number: 1, author: 'alice', reason: 'why' },
    })
    expect(steps.map(({ step }) => step)).toEqual(['reading', 'repairing', 'checking', 'writing'])
    expect((await site.releases.status()).warnings).toEqual([])
  })

  test('shows what is new, changed and gone', async () => {
    await using site = await Site.create()
    await site.publish()
    await site.write({ 'envoys.vgo': 'use: sshd\nuse: motd\n', 'configcrates/sshd.vgo': '#~ x\nname: sshd\n' })
    await rm(site.path('stacks/templates'), { recursive: true })
    const result = await site.publish()
    expect(summary(result)).toBe(
      [
        'Published: 2 configcrates, 0 roles, 1 envoy entry (3 files synced)',
        '+ configcrates/sshd.vgo',
        '~ envoys.vgo',
        '- templates/motd.tmpl',
      ].join('\n'),
    )
  })

  test('says that there is nothing to publish when only comments changed, and touches nothing that servers read', async () => {
    await using site = await Site.create()
    await site.publish()
    const before = await stat(site.path('.live'))
    await site.write({ 'configcrates/motd.vgo': `${MOTD}# more\n` })
    const result = await site.publish()
    expect(summary(result)).toBe('Nothing to publish')
    expect(result.outcome).toBe('nothing-to-publish')
    expect((await stat(site.path('.live'))).ino).toBe(before.ino)
    expect((await site.releases.history()).entries).toHaveLength(1)
  })

  test('tells the checker which sources changed since the last publish', async () => {
    await using site = await Site.create()
    await site.publish()
    await site.write({ 'configcrates/motd.vgo': `${MOTD}# more\n`, 'new.vgo': 'use: motd\n' })
    await site.publish()
    const sorted = ({ changed }: CheckContext): string[] => [...changed].toSorted()
    expect(site.checker.repairs.map(sorted)).toEqual([
      ['configcrates/motd.vgo', 'envoys.vgo', 'templates/motd.tmpl'],
      ['configcrates/motd.vgo', 'new.vgo'],
    ])
    expect(site.checker.checks.at(-1)?.paths).toHaveLength(4)
  })

  test('leaves out what nothing refers to, unless it is told not to', async () => {
    await using site = await Site.create({
      ...STACKS,
      'envoys.vgo': 'use: motd\nwarning: old\n',
      'configcrates/unused.vgo': '#~ x\nname: unused\n',
      'templates/unused.tmpl': '',
    })
    const result = await site.publish()
    expect(summary(result)).toContain('Published: 1 configcrate, 0 roles, 1 envoy entry (3 files synced)\n')
    expect(summary(result)).toContain(
      '\nLeft out, because nothing refers to it: configcrates/unused.vgo, templates/unused.tmpl',
    )
    expect(result.counts.configcrates).toBe(2)
    expect(formatPublish(result).problems).toBe(
      'envoys.vgo:2:10: warning: old [warning]\n  2 | warning: old\n    |          ^^^\n  mend it',
    )
    expect(Object.keys(await site.live())).not.toContain('configcrates/unused.vgo')
    expect(summary(await site.publish({ noPrune: true }))).toBe(
      [
        'Published: 2 configcrates, 0 roles, 1 envoy entry (5 files synced)',
        '+ configcrates/unused.vgo',
        '+ templates/unused.tmpl',
      ].join('\n'),
    )
  })

  test('refuses to leave out what the rest then misses, and points into the source', async () => {
    await using site = await Site.create({
      ...STACKS,
      'site.vgo': '# scaffolding\nneeds: unused\n',
      'configcrates/unused.vgo': 'name: unused\n',
    })
    const result = await site.publish()
    expect(result.outcome).toBe('invalid')
    expect(formatPublish(result).problems).toContain("site.vgo:2:8: error: there is no crate 'unused' [dangling]")
    expect((await site.publish({ noPrune: true })).outcome).toBe('published')
  })

  test('never releases nothing at all', async () => {
    await using site = await Site.create({})
    const stacks = site.path('stacks')
    const why = 'releasing that would take the configuration from every host [nothing-to-release]'
    const empty = formatPublish(await site.publish())
    expect(empty.summary).toBe('Validation failed: 1 error; nothing was published')
    expect(empty.problems).toBe(
      `.: error: there is no .vgo file in ${stacks}: ${why}\n  write an envoys.vgo that matches hosts to roles or configcrates; to serve nothing on purpose, match no host`,
    )
    await site.write({ 'configcrates/motd.vgo': MOTD })
    expect(formatPublish(await site.publish()).problems).toContain(
      `.: error: no envoys entry or common.vgo leads to any configcrate: ${why}`,
    )
    expect(await site.releases.live()).toBeNull()
  })
})

describe('a live release that was changed by hand', () => {
  test('is put right by a publish of the same tree, and never copied into a new one', async () => {
    await using site = await Site.create()
    await site.publish()
    await writeFile(site.path('.live/configcrates/motd.vgo'), 'name: evil\n')
    const dry = await site.publish({ dryRun: true })
    expect(dry).toMatchObject({ outcome: 'valid', changes: { changed: ['configcrates/motd.vgo'] } })
    expect(summary(await site.publish())).toBe(
      'Nothing to publish; 1 file of the live release had been changed by hand and was put right\n~ configcrates/motd.vgo',
    )
    await writeFile(site.path('.live/configcrates/motd.vgo'), 'name: evil\n')
    await site.write({ 'more.vgo': 'use: motd\n' })
    const result = await site.publish()
    expect(result.outcome).toBe('published')
    expect(result.warnings.join()).toMatch(/was changed by hand, in .+: hosts may have got what was never published/)
    expect((await site.live())['configcrates/motd.vgo']).toBe('name: motd\ntemplate: motd\n')
  })
})

test('the result as JSON has places instead of files', async () => {
  await using site = await Site.create({ ...STACKS, 'envoys.vgo': 'use: motd\nerror: no\n' })
  const json = JSON.stringify(publishJson(await site.publish({ dryRun: true })))
  expect(JSON.parse(json)).toMatchObject({
    outcome: 'invalid',
    isDryRun: true,
    diagnostics: [
      { code: 'error', severity: 'error', path: 'envoys.vgo', line: 2, column: 8, message: 'no', hint: 'mend it' },
    ],
  })
  expect(json).not.toContain('use: motd')
})
