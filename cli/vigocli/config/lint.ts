import { type Command, Option } from 'commander'
import { interruptSignal, print, printJson } from '#cli/shell'
import type { Diagnostic } from '#config/lang'
import { lintFile } from '#config/lint'
import { diagnosticJson, formatDiagnostics, formatSeverities, writeRepairs } from '#config/publish'
import { exitCodes } from '#node/api'
import { examples } from './examples-text.ts'
import { type Linted, sarifOf } from './lint-sarif.ts'
import { type LintSources, lintSources } from './lint-sources.ts'
import { placesOf } from './places.ts'
import { tellProblems } from './tell.ts'

interface LintFlags {
  fix?: boolean
  format: 'text' | 'json' | 'sarif'
  json?: boolean
}

export function addLint(config: Command): void {
  config
    .command('lint [paths...]')
    .description('form of .vgo files: whitespace, key order, #~ labels, schema (default: all of the stacks)')
    .option('--fix', 'put it right in place; values and your comments stay, which is proven for each file')
    .addOption(new Option('--format <form>', 'what to print').choices(['text', 'json', 'sarif']).default('text'))
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      examples([
        ['vigocli config lint', 'what publish would repair, and what is wrong in each file'],
        ['vigocli config lint --fix configcrates/motd.vgo', 'format one file'],
        ['vigocli config lint --stacks . --format sarif > lint.sarif', 'for a code hosting service'],
      ]) +
        '\n\nFiles are looked at one by one; names that no file declares are found by config validate.' +
        '\nExit codes: 0 nothing to do, 1 errors, or files that --fix would change.',
    )
    .action(run)
}

async function run(paths: string[], options: LintFlags, command: Command): Promise<void> {
  const signal = interruptSignal()
  const fix = options.fix === true
  const sources = await lintSources(paths, placesOf(command).stacks, signal)
  const linted: Linted[] = []
  for (const source of sources) linted.push(...(await lintTree(source, fix, signal)))
  const diagnostics = linted.flatMap(each => each.diagnostics)
  const changed = linted.filter(({ changes }) => changes.length > 0)
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
  if (hasErrors || (!fix && changed.length > 0)) process.exitCode = exitCodes.failed
  if (options.format === 'sarif') return printJson(sarifOf(linted, fix))
  if (options.format === 'json' || options.json) return printJson(jsonOf(linted, fix))
  tellProblems(formatDiagnostics(diagnostics))
  for (const { path, changes } of changed)
    for (const each of changes) print(`${path}:${each.line}: ${each.message} [${each.rule}]`)
  print(summaryOf(linted, changed.length, diagnostics, fix))
}

async function lintTree(
  { root, files, diagnostics }: LintSources,
  fix: boolean,
  signal: AbortSignal,
): Promise<Linted[]> {
  const results = files.map(file => {
    signal.throwIfAborted()
    return lintFile(file, { judge: fix ? 'fixed' : 'source' })
  })
  const edits = new Map(
    results.flatMap(({ source, file }) => (file.text === source.text ? [] : [[file.path, file.text]])),
  )
  const written = fix ? await writeRepairs(root, { files }, edits, signal) : { written: edits, diagnostics: [] }
  const others = [...diagnostics, ...written.diagnostics]
  return [
    ...results.map(({ source: { path }, changes, diagnostics: found }) => ({
      root,
      path,
      changes: written.written.has(path) ? changes : [],
      diagnostics: found,
    })),
    ...others.map(each => ({ root, path: each.span.file.path, changes: [], diagnostics: [each] })),
  ]
}

function summaryOf(
  linted: readonly Linted[],
  changed: number,
  diagnostics: readonly Diagnostic[],
  fix: boolean,
): string {
  const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`
  const form =
    changed === 0
      ? 'nothing to change'
      : fix
        ? `${files(changed)} changed`
        : `${files(changed)} to change; run with --fix`
  const found = diagnostics.length === 0 ? '' : `, ${formatSeverities(diagnostics)}`
  return `${files(new Set(linted.map(({ root, path }) => `${root}/${path}`)).size)}: ${form}${found}`
}

function jsonOf(linted: readonly Linted[], fix: boolean): object {
  return {
    fixed: fix,
    files: linted.map(({ root, path, changes, diagnostics }) => ({
      root,
      path,
      changes,
      diagnostics: diagnostics.map(diagnosticJson),
    })),
  }
}
