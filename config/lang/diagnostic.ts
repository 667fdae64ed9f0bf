import { lineOf, placeOf, positionOf, type Span } from './source.ts'

/** An error keeps a tree from being published; a warning does not. */
export type Severity = 'error' | 'warning'

/** What an author reads: where, what is wrong, how to mend it. `code` is stable kebab-case, for programs and the documents. */
export interface Diagnostic {
  readonly code: string
  readonly severity: Severity
  readonly span: Span
  readonly message: string
  readonly hint: string
  /** Other places that the message speaks of: the first definition, the other end of a cycle. */
  readonly related: readonly { readonly span: Span; readonly message: string }[]
}

export type Finding = Omit<Diagnostic, 'severity' | 'related'> & { readonly related?: Diagnostic['related'] }

/** No run reports more: whoever has a thousand errors has one cause. */
const MAX_DIAGNOSTICS = 1000

/** Collects everything that a run finds; nothing is thrown for what an author wrote. */
export class Diagnostics {
  readonly #found: Diagnostic[] = []
  #leftOut = 0
  #errors = 0

  error(finding: Finding): void {
    this.#add({ related: [], ...finding, severity: 'error' })
  }

  warning(finding: Finding): void {
    this.#add({ related: [], ...finding, severity: 'warning' })
  }

  addAll(others: Iterable<Diagnostic>): void {
    for (const diagnostic of others) this.#add(diagnostic)
  }

  /** Everything that another collection has, what it left out included. */
  join(other: Diagnostics): void {
    let errors = 0
    for (const diagnostic of other.#found) {
      if (diagnostic.severity === 'error') errors++
      this.#add(diagnostic)
    }
    this.#errors += other.#errors - errors
    this.#leftOut += other.#leftOut
  }

  get hasErrors(): boolean {
    return this.#errors > 0
  }

  /** How many errors there are, those beyond the limit of a run included: whether a step found any shows in the difference. */
  get errorCount(): number {
    return this.#errors
  }

  /** How many were found beyond the limit of a run. */
  get leftOut(): number {
    return this.#leftOut
  }

  /**
   * By path, then by place, then by code: independent of the order in which they were found. What was found twice, because an alias
   * stands for it, is there once.
   */
  get sorted(): readonly Diagnostic[] {
    return this.#found.toSorted(inOrder).filter((found, at, all) => at === 0 || !isSame(found, all[at - 1]))
  }

  #add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === 'error') this.#errors++
    if (this.#found.length < MAX_DIAGNOSTICS) this.#found.push(diagnostic)
    else this.#leftOut++
  }
}

function inOrder(a: Diagnostic, b: Diagnostic): number {
  return (
    compare(a.span.file.path, b.span.file.path) ||
    a.span.start - b.span.start ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  )
}

function isSame(a: Diagnostic, b: Diagnostic | undefined): boolean {
  return b !== undefined && inOrder(a, b) === 0 && a.span.end === b.span.end && a.severity === b.severity
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Longest part of a line that is shown around a caret. */
const MAX_SHOWN_COLUMNS = 120

/**
 * The diagnostic as a person reads it:
 *
 *     configcrates/web.vgo:4:11: error: the resource type 'fille' is not known [unknown-type]
 *       4 |     type: fille
 *         |           ^^^^^
 *       did you mean 'file'?
 */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const { severity, span, message, code, hint, related } = diagnostic
  const lines = [`${placeOf(span)}: ${severity}: ${message} [${code}]`, ...excerpt(span)]
  if (hint !== '') lines.push(`  ${hint}`)
  for (const { span: other, message: note } of related) lines.push(`  ${placeOf(other)}: ${note}`)
  return lines.map(line => line.replaceAll(UNPRINTABLE, '\ufffd')).join('\n')
}

/** What would move the cursor, colour the terminal or turn the line around. */
const UNPRINTABLE = /[\p{Cc}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu

/** A file that could not be read as text has no line to show. */
function excerpt(span: Span): string[] {
  if (span.file.text === '') return []
  const { line, column } = positionOf(span)
  const text = lineOf(span).replaceAll('\t', ' ')
  const from = column > MAX_SHOWN_COLUMNS - 20 ? column - 40 : 0
  const shown = text.slice(from, from + MAX_SHOWN_COLUMNS)
  const at = column - 1 - from
  const length = Math.max(1, Math.min(span.end - span.start, shown.length - at))
  const gutter = `${line}`
  return [`  ${gutter} | ${shown}`, `  ${' '.repeat(gutter.length)} | ${' '.repeat(at)}${'^'.repeat(length)}`]
}
