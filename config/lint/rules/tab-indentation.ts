import { isMark, LexemeKind, lexemesOfText } from '#config/lang'
import type { Edit } from '../edit.ts'
import type { FixRule } from '../rule.ts'
import { Lines } from '../syntax/index.ts'
import type { View } from '../view.ts'

const WIDTH = 2

/** Blanks at the start of a line, and dashes with the blanks behind them. */
const LEAD = /^[ \t]*(?:-[ \t]+)*/

export const tabIndentation: FixRule = {
  name: 'tab-indentation',
  stage: 'repair',
  files: 'every file',
  isTextual: true,
  summary:
    'A tab in the indentation, or behind a dash there, becomes two spaces. Tabs behind the indentation of a block scalar are data and stay.',
  fix: view => {
    if (!view.text.includes('\t') || !/^[ \t-]*\t/m.test(view.text)) return []
    return view.isReadable ? betweenValues(view) : expanded(view)
  },
}

/** YAML reads the file: only blanks that it does not take for data are indentation. */
function betweenValues({ text, lexemes }: View): Edit[] {
  const edits: Edit[] = []
  let isLead = true
  for (const { kind, start, end } of lexemes) {
    if (isMark(kind)) continue
    if (kind === LexemeKind.space && isLead) edits.push(...edit(text.slice(start, end), start))
    else isLead = kind === LexemeKind.newline || (kind === LexemeKind.blockScalar && text[end - 1] === '\n')
  }
  return edits
}

/**
 * YAML does not read the file: with every leading tab as two spaces it perhaps does. Where that shows a block scalar, only its
 * indentation is replaced, and none where its first line is indented with spaces.
 */
function expanded({ lines }: View): Edit[] {
  const leads = Array.from({ length: lines.count }, (_, line) => LEAD.exec(lines.textOf(line))?.[0] ?? '')
  const wide = new Lines(leads.map((lead, line) => widened(lead) + lines.textOf(line).slice(lead.length)).join('\n'))
  const kept = new Map<number, number>()
  for (const { kind, start, end } of lexemesOfText(wide.text) ?? []) {
    if (kind !== LexemeKind.blockScalar) continue
    const first = wide.at(start)
    const last = wide.at(Math.max(start, end - 1))
    const isText = (line: number) => wide.textOf(line).trim() !== ''
    let at = first
    while (at < last && !isText(at)) at++
    const spaces = /^ */.exec(leads[at] ?? '')?.[0].length ?? 0
    const indentation = spaces > 0 && spaces > indentationAbove(leads, first) ? spaces : wide.indentationOf(at)
    for (let line = first; line <= last; line++) kept.set(line, indentation)
  }
  return leads.flatMap((lead, line) => edit(indentationIn(lead, kept.get(line)), lines.startOf(line)))
}

/** How far the line that has the header of a block scalar is indented. */
function indentationAbove(leads: readonly string[], line: number): number {
  return widened(leads[line - 1] ?? '').length
}

/** The part of the blanks that is as wide as the indentation. */
function indentationIn(lead: string, width = Number.POSITIVE_INFINITY): string {
  let seen = 0
  let at = 0
  while (at < lead.length && seen < width) seen += lead[at++] === '\t' ? WIDTH : 1
  return lead.slice(0, at)
}

function edit(blanks: string, start: number): Edit[] {
  if (!blanks.includes('\t')) return []
  return [{ start, end: start + blanks.length, text: widened(blanks), message: 'tabs in the indentation replaced' }]
}

function widened(blanks: string): string {
  return blanks.replaceAll('\t', ' '.repeat(WIDTH))
}
