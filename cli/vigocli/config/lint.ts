import { type Command, Option } from 'commander'
import { interruptSignal } from '#cli/shell'
import type { Diagnostic } from '#config/lang'
import { formatJson, formatSarif, formatText, type LintResult, lintTree, summaryOf } from '#config/lint'
import { writeRepairs } from '#config/publish'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { type LintSources, lintSources } from './lint-sources.ts'
import { placesOf } from './places.ts'
import { printReport } from './tell.ts'

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
  const isFixed = options.fix === true
  const results: LintResult[] = []
  for (const sources of await lintSources(paths, placesOf(command).stacks, signal)) {
    results.push(...(await lint(sources, isFixed, signal)))
  }
  const { errors, changed } = summaryOf(results)
  if (errors > 0 || (!isFixed && changed > 0)) process.exitCode = exitCodes.failed
  if (options.json || options.format === 'json') process.stdout.write(formatJson(results, { isFixed }))
  else if (options.format === 'sarif') process.stdout.write(formatSarif(results, { isFixed }))
  else printReport(formatText(results, { isFixed }))
}

async function lint(
  { root, files, diagnostics }: LintSources,
  isFixed: boolean,
  signal: AbortSignal,
): Promise<LintResult[]> {
  const results = lintTree(files, { judge: isFixed ? 'fixed' : 'source' })
  signal.throwIfAborted()
  const unread = diagnostics.map(unreadable)
  if (!isFixed) return [...results, ...unread]
  const edits = new Map(
    results
      .map(({ source, file }) => [source, file] as const)
      .filter(([a, b]) => a.text !== b.text)
      .map(([, file]) => [file.path, file.text]),
  )
  const { written, diagnostics: refused } = await writeRepairs(root, { files }, edits, signal)
  return [
    ...results.map(result =>
      edits.has(result.source.path) && !written.has(result.source.path) ? unwritten(result, refused) : result,
    ),
    ...unread,
  ]
}

function unwritten(result: LintResult, refused: readonly Diagnostic[]): LintResult {
  const { source, diagnostics } = result
  const why = refused.filter(({ span }) => span.file.path === source.path)
  return {
    ...result,
    file: source,
    changes: [],
    refused: 'it could not be written',
    diagnostics: [...diagnostics, ...why],
  }
}

function unreadable(diagnostic: Diagnostic): LintResult {
  const { file } = diagnostic.span
  return {
    source: file,
    file,
    changes: [],
    refused: 'it could not be read',
    refusals: [],
    diagnostics: [diagnostic],
    leftOut: 0,
  }
}
