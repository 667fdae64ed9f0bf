import { renderDiagnostic } from '#config/lang'
import type { Change } from '../fix.ts'
import type { LintResult } from '../lint.ts'
import { type FormatOptions, isChanged, type Summary, summaryOf } from './summary.ts'

/** Changes of one file that are shown one by one. */
const MAX_CHANGES = 20

/** For a person: what is wrong, what was or would be changed, and one line that sums it up. Ends with a line feed. */
export function formatText(results: readonly LintResult[], { isFixed = false }: FormatOptions = {}): string {
  const paragraphs = results.flatMap(result => [
    ...result.diagnostics.map(renderDiagnostic),
    ...(result.leftOut > 0 ? [`${result.source.path}: ${result.leftOut} more`] : []),
    ...(isChanged(result) ? [changesOf(result, isFixed)] : []),
  ])
  return `${[...paragraphs, sentence(summaryOf(results), isFixed)].join('\n')}\n`
}

function changesOf({ source, changes }: LintResult, isFixed: boolean): string {
  const lines = changes
    .slice(0, MAX_CHANGES)
    .map(change => `  ${linesOf(change)}: ${printable(change.message)} [${change.rule}]`)
  const rest = changes.length - lines.length
  return [
    `${source.path}: ${isFixed ? 'fixed' : '--fix would change'}`,
    ...lines,
    ...(rest > 0 ? [`  … ${rest} more`] : []),
  ].join('\n')
}

function linesOf({ line, lastLine }: Change): string {
  return line === lastLine ? `line ${line}` : `lines ${line}-${lastLine}`
}

/** Messages quote what authors wrote. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, '\ufffd')
}

function sentence({ files, errors, warnings, changed, refused }: Summary, isFixed: boolean): string {
  const parts = [counted(files, 'file'), counted(errors, 'error'), counted(warnings, 'warning')]
  if (changed > 0) parts.push(isFixed ? `${changed} fixed` : `${changed} to fix: run 'vigocli config lint --fix'`)
  if (refused > 0) parts.push(`${refused} left as ${refused === 1 ? 'it is' : 'they are'}`)
  return parts.join(', ')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
