import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic, SourceFile, Span } from '#config/lang'
import { Memory, Releases, releasePlaces, type TreeFile } from '#config/store'
import { TestClock, TestFolder } from '../../store/release/fixture.ts'
import type { UrlUse } from '../probe/index.ts'
import type { CheckContext, Repairs, TreeChecker, TreeVerdict } from './checker.ts'
import { formatPublish } from './format.ts'
import { publish } from './publish.ts'
import { type RollbackResult, rollback } from './rollback.ts'
import type { PublishOptions, PublishResult } from './types.ts'

/**
 * A language small enough for tests: `error: words` is an error and `warning: words` a warning, `use: name` in a scaffolding file leads to a crate, `needs: name` in
 * a scaffolding file must exist in the tree but leads nowhere, `template: name` leads from a crate to a template, `url: …` is probed.
 * Trailing blanks are repaired, and a crate gets a label.
 */
export class TestChecker implements TreeChecker {
  readonly memory = new Memory()
  readonly version = 'test'
  readonly repairs: CheckContext[] = []
  readonly checks: { readonly paths: readonly string[]; readonly context: CheckContext }[] = []

  async repair(files: readonly SourceFile[], context: CheckContext): Promise<Repairs> {
    this.repairs.push(context)
    const edits = new Map<string, string>()
    for (const { path, text } of files) {
      if (!path.endsWith('.vgo')) continue
      const label = isCrate(path) && !text.startsWith('#~') ? '#~ Manages things\n' : ''
      const repaired = label + text.replace(/[ \t]+$/gm, '')
      if (repaired !== text) edits.set(path, repaired)
    }
    return { edits, diagnostics: files.flatMap(file => found(file, 'unrepairable')) }
  }

  async check(files: readonly SourceFile[], context: CheckContext): Promise<TreeVerdict> {
    this.checks.push({ paths: files.map(({ path }) => path), context })
    const crates = files.filter(({ path }) => isCrate(path))
    const scaffolding = files.filter(({ path }) => !isCrate(path) && path.endsWith('.vgo'))
    const used = new Set(scaffolding.flatMap(file => words(file, 'use')).map(name => `configcrates/${name}.vgo`))
    for (const crate of crates.filter(({ path }) => used.has(path))) {
      for (const name of words(crate, 'template')) used.add(`templates/${name}.tmpl`)
    }
    const paths = new Set(files.map(({ path }) => path))
    const missing = scaffolding.flatMap(file =>
      lines(file, 'needs').filter(({ value }) => !paths.has(`configcrates/${value}.vgo`)),
    )
    return {
      diagnostics: [
        ...files.flatMap(file => found(file, 'error')),
        ...files.flatMap(file => found(file, 'warning')).map(each => ({ ...each, severity: 'warning' }) as const),
        ...missing.map(({ span, value }) => diagnostic('dangling', span, `there is no crate '${value}'`)),
      ],
      counts: { configcrates: crates.length, roles: 0, envoyEntries: scaffolding.length },
      crates: new Set(crates.map(({ path }) => path)),
      unreferenced: new Set(files.map(({ path }) => path).filter(path => !isScaffolding(path) && !used.has(path))),
      urls: crates.flatMap(file => lines(file, 'url').map(({ value, span }): UrlUse => ({ url: value, span }))),
    }
  }
}

const isCrate = (path: string): boolean => path.startsWith('configcrates/')
const isScaffolding = (path: string): boolean => !isCrate(path) && path.endsWith('.vgo')

function found(file: SourceFile, key: string): Diagnostic[] {
  return lines(file, key).map(({ span, value }) => diagnostic(key, span, value))
}

function diagnostic(code: string, span: Span, message: string): Diagnostic {
  return { code, severity: 'error', span, message, hint: 'mend it', related: [] }
}

function words(file: SourceFile, key: string): string[] {
  return lines(file, key).map(({ value }) => value)
}

function lines(file: SourceFile, key: string): { readonly value: string; readonly span: Span }[] {
  return [...file.text.matchAll(new RegExp(`^ *${key}: *(.*?) *$`, 'gm'))].map(match => {
    const value = match[1] ?? ''
    const start = match.index + match[0].indexOf(value, key.length)
    return { value, span: { file, start, end: start + value.length } }
  })
}

export type Files = Readonly<Record<string, string>>

export const MOTD = '#~ Manages things\n# by alice\nname: motd # the message\ntemplate: motd\n'

export const STACKS: Files = {
  'envoys.vgo': '# all hosts\nuse: motd\n',
  'configcrates/motd.vgo': MOTD,
  'templates/motd.tmpl': '# stays  \nhello\n',
}

/** A machine with stacks, and a publisher that checks a small language. */
export class Site implements AsyncDisposable {
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

export function summary(result: PublishResult): string {
  return formatPublish(result).summary
}

export function textsOf(files: readonly TreeFile[]): Files {
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}

/** Everything below a folder: names, kinds, modes, times of change, contents. */
export async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  const lines = entries.toSorted().map(async name => {
    const { mode, size, mtimeMs, ctimeMs, ino } = await stat(join(folder, name))
    return [name, mode, size, mtimeMs, ctimeMs, ino].join(' ')
  })
  return await Promise.all(lines)
}
