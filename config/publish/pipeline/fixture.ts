import type { Diagnostic, SourceFile, Span } from '#config/lang'
import { Memory } from '#config/store'
import type { UrlUse } from '../probe/index.ts'
import type { CheckContext, Repairs, TreeChecker, TreeVerdict } from './checker.ts'

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
