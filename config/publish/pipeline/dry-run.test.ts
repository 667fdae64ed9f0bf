import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { positionOf } from '#config/lang'
import { Releases, releasePlaces } from '#config/store'
import { Site, STACKS, snapshot, summary } from './fixture.ts'

describe('a dry run', () => {
  test('says what would be published and touches nothing at all', async () => {
    await using site = await Site.create({ ...STACKS, 'envoys.vgo': 'use: motd  \n' })
    const before = await snapshot(site.folder.path)
    const result = await site.publish({ dryRun: true })
    expect(summary(result)).toBe(
      [
        'Validation passed: 1 configcrate, 0 roles, 1 envoy entry',
        '+ configcrates/motd.vgo',
        '+ envoys.vgo',
        '+ templates/motd.tmpl',
        'A publish would repair in place: envoys.vgo',
      ].join('\n'),
    )
    expect(await snapshot(site.folder.path)).toEqual(before)
    const published = await site.publish()
    expect(published.outcome === 'published' && published.entry.release).toBe(
      result.outcome === 'valid' && result.release,
    )
    const after = await snapshot(site.folder.path)
    expect((await site.publish({ dryRun: true })).outcome).toBe('nothing-to-publish')
    expect(await snapshot(site.folder.path)).toEqual(after)
  })

  test('points at the lines that the author has, not at those that a repair would make', async () => {
    await using site = await Site.create({
      ...STACKS,
      'configcrates/motd.vgo': 'name: motd\t\n\nerror: one  \nx: 1\nerror: two\n',
    })
    const result = await site.publish({ dryRun: true })
    expect(
      result.diagnostics.map(({ span, message }) => [
        positionOf(span),
        span.file.text.slice(span.start, span.end),
        message,
      ]),
    ).toEqual([
      [{ line: 3, column: 8 }, 'one', 'one'],
      [{ line: 5, column: 8 }, 'two', 'two'],
    ])
  })

  test('does not wait for a publisher and does not mind a freeze, but mentions it', async () => {
    await using site = await Site.create()
    await using _other = await site.releases.publisher({ doing: 'publish' })
    await site.releases.freeze({ until: '2h', author: 'carol', reason: '' })
    const result = await site.publish({ dryRun: true })
    expect(result.outcome).toBe('valid')
    expect(result.warnings).toEqual(['publishing is frozen until 2026-11-20T14:00:00.000Z by carol'])
    await expect(site.publish({ waitMs: 0 })).rejects.toMatchObject({ code: 'busy' })
  })

  test('works on a checkout on a machine that has no releases', async () => {
    await using site = await Site.create()
    const releases = new Releases({ places: releasePlaces(site.path('nowhere'), site.path('stacks')) })
    expect((await site.publish({ releases, dryRun: true })).outcome).toBe('valid')
    expect(await readdir(site.folder.path)).toEqual(['stacks'])
  })
})
