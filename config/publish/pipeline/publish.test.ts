import { chmod, chown, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { positionOf, type SourceFile } from '#config/lang'
import { type HistoryEntry, Releases, releaseHash, releasePlaces, type TreeFile } from '#config/store'
import { asNobody, TestClock, TestFolder } from '../../store/release/fixture.ts'
import type { CheckContext } from './checker.ts'
import { TestChecker } from './fixture.ts'
import { formatPublish, formatRollback } from './format.ts'
import { publishJson } from './json.ts'
import { publish } from './publish.ts'
import { type RollbackResult, rollback } from './rollback.ts'
import type { ReleaseRequest, ReleaseTarget } from './target.ts'
import type { PublishOptions, PublishResult, PublishStep } from './types.ts'

type Files = Readonly<Record<string, string>>

const MOTD = '#~ Manages things\n# by alice\nname: motd # the message\ntemplate: motd\n'
const STACKS: Files = {
  'envoys.vgo': '# all hosts\nuse: motd\n',
  'configcrates/motd.vgo': MOTD,
  'templates/motd.tmpl': '# stays  \nhello\n',
}

class Site implements AsyncDisposable {
  readonly folder: TestFolder
  readonly clock = new TestClock()
  readonly checker = new TestChecker()
  readonly releases: Releases

  private constructor(folder: TestFolder) {
    this.folder = folder
    this.releases = new Releases({ places: releasePlaces(folder.path), clock: this.clock })
  }

  static async create(stacks: Files = STACKS): Promise<Site> {
    const site = new Site(await TestFolder.create())
    await site.write(stacks)
    return site
  }

  async write(files: Files): Promise<void> {
    await this.folder.write(files, 'stacks')
  }

  path(path: string): string {
    return join(this.folder.path, path)
  }

  async publish(options: Partial<PublishOptions> = {}): Promise<PublishResult> {
    const { releases, checker } = this
    return await publish({ releases, checker, author: 'alice', reason: 'why', ...options })
  }

  async rollback(to?: string): Promise<RollbackResult> {
    const { releases, checker } = this
    return await rollback({ releases, checker, author: 'bob', reason: 'broke', to })
  }

  async live(): Promise<Files> {
    const live = await this.releases.live()
    if (live === null) return {}
    return textsOf((await this.releases.tree(live)).files)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]()
  }
}

const summary = (result: PublishResult): string => formatPublish(result).summary

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

describe('URLs', () => {
  test('of changed crates are probed; one that is dead keeps the release back', async () => {
    await using site = await Site.create()
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(request.url === '/gone' ? 404 : 200).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await site.write({ 'configcrates/motd.vgo': `${MOTD}url: ${url}/a\n` })
      expect((await site.publish()).probes).toMatchObject([{ url: `${url}/a`, outcome: 'alive' }])
      await site.write({ 'envoys.vgo': 'use: motd\nuse: more\n', 'configcrates/more.vgo': `#~ x\nurl: ${url}/gone\n` })
      const steps: PublishStep[] = []
      const result = await site.publish({ onProgress: step => steps.push(step) })
      expect(formatPublish(result).problems).toBe(
        [
          `configcrates/more.vgo:2:6: error: the URL ${url}/gone cannot be used: it answers 404 [url-not-alive]`,
          `  2 | url: ${url}/gone`,
          `    |      ${'^'.repeat(url.length + 5)}`,
          '  mend the URL or its server; without network, publish with --skip-url-check',
        ].join('\n'),
      )
      expect(asked).toEqual(['/a', '/gone'])
      expect(steps).toContainEqual({ step: 'probing', done: 1, total: 1 })
      expect(Object.keys(await site.live())).not.toContain('configcrates/more.vgo')
      expect((await site.publish({ skipUrlCheck: true })).outcome).toBe('published')
      expect(asked).toHaveLength(2)
    } finally {
      server.closeAllConnections()
      server.close()
    }
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
    expect((await snapshot(site.path('releases'))).filter(line => !line.startsWith('.checked'))).toEqual(
      before.filter(line => !line.startsWith('.checked')),
    )
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

function textsOf(files: readonly TreeFile[]): Files {
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}

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

/** Everything below a folder: names, kinds, modes, times of change, contents. */
async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  const lines = entries.toSorted().map(async name => {
    const { mode, size, mtimeMs, ctimeMs, ino } = await stat(join(folder, name))
    return [name, mode, size, mtimeMs, ctimeMs, ino].join(' ')
  })
  return await Promise.all(lines)
}
