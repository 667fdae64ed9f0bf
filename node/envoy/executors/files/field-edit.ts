import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { bare, linesOf, requireOneLine, textOf } from './lines.ts'
import { Pattern } from './pattern.ts'

export const fieldEditExecutor: ExecutorOf<'field_edit'> = editing('field_edit', {
  path: ({ target_path }) => target_path,
  creates: () => false,
  removes: () => false,
  edit: (text, { target_path, match, field, value, separator }) => {
    requireOneField(value, separator)
    const before = linesOf(text)
    const isMatch = new Pattern(match).matches(before.lines.map(bare))
    if (!isMatch.includes(true)) return { skipped: `no line of ${target_path} matches '${match}'` }
    const lines = before.lines.map((line, at) => {
      if (isMatch[at] !== true) return line
      const edited =
        separator === ' ' ? withWord(bare(line), field, value) : withField(bare(line), field, value, separator)
      if (edited !== null) return edited + line.slice(bare(line).length)
      throw new ExecutorError('failed', `line ${at + 1} of ${target_path} has fewer than ${field} fields`)
    })
    return textOf(lines, before)
  },
})

/** Else the next field would be another one in the next run. */
function requireOneField(value: string, separator: string): void {
  requireOneLine(value, "'value'")
  const isOne = separator === ' ' ? /^\S+$/.test(value) : separator !== '' && !value.includes(separator)
  if (!isOne) throw new ExecutorError('failed', `the value is not one field with the separator '${separator}'`)
}

function withField(line: string, field: number, value: string, separator: string): string | null {
  const fields = line.split(separator)
  if (fields.length < field) return null
  return fields.with(field - 1, value).join(separator)
}

/** Fields between runs of blanks, which stay as they are. */
function withWord(line: string, field: number, value: string): string | null {
  const word = [...line.matchAll(/\S+/g)][field - 1]
  if (word === undefined) return null
  return line.slice(0, word.index) + value + line.slice(word.index + word[0].length)
}
