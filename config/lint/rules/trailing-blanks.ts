import { type Lexeme, LexemeKind } from '#config/lang'
import type { Edit } from '../edit.ts'
import type { FixRule } from '../rule.ts'
import type { View } from '../view.ts'

export const trailingBlanks: FixRule = {
  name: 'trailing-blanks',
  stage: 'repair',
  files: 'every file',
  summary: 'Blanks at the end of a line go, but not where they are data, nor in comments.',
  fix: view => (/[ \t]$/m.test(view.text) ? Array.from(view.lexemes).flatMap(lexeme => edits(lexeme, view)) : []),
}

function edits({ kind, start, end }: Lexeme, { text, lines }: View): Edit[] {
  if (kind === LexemeKind.space) return end === text.length || text[end] === '\n' ? [removal(start, end)] : []
  if (kind === LexemeKind.scalar) return insideScalar(text, start, end)
  if (kind !== LexemeKind.blockScalar) return []
  const first = lines.at(start)
  const last = lines.at(Math.max(start, end - 1))
  let firstText = first
  while (firstText <= last && /^[ \t]*$/.test(lines.textOf(firstText))) firstText++
  if (firstText > last) return []
  const indentation = lines.indentationOf(firstText)
  return Array.from({ length: last - first + 1 }, (_, at) => first + at).flatMap(line => {
    const length = lines.endOf(line) - lines.startOf(line)
    const isBlank = length > 0 && length <= indentation && lines.indentationOf(line) === length
    return isBlank ? [removal(lines.startOf(line), lines.endOf(line))] : []
  })
}

/** Lines of plain and quoted scalars are folded, blanks at their ends left out; but a backslash makes a blank data. */
function insideScalar(text: string, start: number, end: number): Edit[] {
  const found: Edit[] = []
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) {
    let from = at
    while (from > start && (text[from - 1] === ' ' || text[from - 1] === '\t')) from--
    if (from < at && text[from - 1] !== '\\') found.push(removal(from, at))
  }
  return found
}

function removal(start: number, end: number): Edit {
  return { start, end, text: '', message: 'blanks at the end of the line removed' }
}
