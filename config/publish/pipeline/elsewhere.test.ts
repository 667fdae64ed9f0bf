import { describe, expect, test } from 'vitest'
import { type HistoryEntry, releaseHash, type TreeFile } from '#config/store'
import { Site, STACKS, snapshot, textsOf } from './fixture.ts'
import type { ReleaseRequest, ReleaseTarget } from './target.ts'

describe('a publish to elsewhere', () => {
  test('gives the release and its repaired sources away, and leaves the folder of this machine as it is', async () => {
    await using site = await Site.create()
    await site.publish()
    await site.write({ 'envoys.vgo': 'use: motd   \n' })
    await using _busy = await site.releases.publisher({ doing: 'publish' })
    const before = await snapshot(site.path('releases'))
    const elsewhere = new Elsewhere(({ files, reason }) => ({ outcome: 'released', entry: entryOf(files, reason) }))
    const result = await site.publish({ target: elsewhere, reason: 'shared' })
    expect(result).toMatchObject({ outcome: 'published', entry: { number: 7, reason: 'shared', files: 3 } })
    const [request] = elsewhere.requests
    expect(textsOf(request?.files ?? [])).toMatchObject({ 'configcrates/motd.vgo': 'name: motd\ntemplate: motd\n' })
    expect(textsOf(request?.sourceFiles() ?? [])).toEqual({ ...STACKS, 'envoys.vgo': 'use: motd\n' })
    const isNoMemory = (line: string): boolean => !/^\.(?:checked|stacks)-/.test(line)
    expect((await snapshot(site.path('releases'))).filter(isNoMemory)).toEqual(before.filter(isNoMemory))
  })

  test('asks there whether there is anything new', async () => {
    await using site = await Site.create()
    await site.publish()
    const elsewhere = new Elsewhere(({ files }) => ({
      outcome: 'already-live',
      release: releaseHash(files),
      mended: [],
    }))
    expect(await site.publish({ target: elsewhere })).toMatchObject({ outcome: 'nothing-to-publish' })
    expect(elsewhere.requests).toHaveLength(1)
  })

  test('is invalid when it was found to be so there', async () => {
    await using site = await Site.create()
    const span = { file: { path: 'envoys.vgo', text: '' }, start: 0, end: 0 }
    const newer = { code: 'newer', severity: 'error', span, message: 'no', hint: 'mend it', related: [] } as const
    const result = await site.publish({ target: new Elsewhere(() => ({ outcome: 'refused', diagnostics: [newer] })) })
    expect(result).toMatchObject({ outcome: 'invalid', diagnostics: [{ code: 'newer' }] })
  })

  test('gives nothing away that is not valid, or only tried out', async () => {
    await using site = await Site.create({ ...STACKS, 'envoys.vgo': 'use: motd\nerror: no\n' })
    const elsewhere = new Elsewhere(() => ({ outcome: 'refused', diagnostics: [] }))
    expect((await site.publish({ target: elsewhere })).outcome).toBe('invalid')
    await site.write({ 'envoys.vgo': 'use: motd\n' })
    expect((await site.publish({ target: elsewhere, dryRun: true })).outcome).toBe('valid')
    expect(elsewhere.requests).toEqual([])
  })
})

/** Another machine, as far as publish knows of it. */
class Elsewhere implements ReleaseTarget {
  readonly recovered = null
  readonly requests: ReleaseRequest[] = []
  readonly #answer: (request: ReleaseRequest) => Awaited<ReturnType<ReleaseTarget['publish']>>

  constructor(answer: (request: ReleaseRequest) => Awaited<ReturnType<ReleaseTarget['publish']>>) {
    this.#answer = answer
  }

  async publish(request: ReleaseRequest): ReturnType<ReleaseTarget['publish']> {
    this.requests.push(request)
    return this.#answer(request)
  }
}

function entryOf(files: readonly TreeFile[], reason: string): HistoryEntry {
  return {
    number: 7,
    release: releaseHash(files),
    kind: 'publish',
    author: 'alice',
    reason,
    time: '2027-01-04T12:00:00.000Z',
    basedOn: null,
    restores: null,
    counts: { configcrates: 1, roles: 0, envoyEntries: 1 },
    files: files.length,
    changes: { added: 0, changed: 1, removed: 0 },
  }
}
