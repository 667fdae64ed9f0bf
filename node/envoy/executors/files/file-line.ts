import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { bare, endedLike, type Lines, linesOf, requireOneLine, spliced, textOf } from './lines.ts'
import { Pattern } from './pattern.ts'

export const fileLineExecutor: ExecutorOf<'file_line'> = editing('file_line', {
  path: ({ target_path }) => target_path,
  creates: ({ create }) => create,
  removes: ({ state }) => state === 'absent',
  edit: (text, { state, line, match, after }) => {
    const before = linesOf(text)
    if (state === 'absent') return textOf(without(before, line, match), before)
    if (line === undefined) throw new ExecutorError('failed', "file_line needs 'line' to be present")
    requireOneLine(line, "'line'")
    return textOf(withLine(before, { line, match, after }), before)
  },
})

function without(before: Lines, line: string | undefined, match: string | undefined): readonly string[] {
  const bareLines = before.lines.map(bare)
  if (match === undefined) return before.lines.filter((_, at) => bareLines[at] !== line)
  const isMatch = new Pattern(match).matches(bareLines)
  return before.lines.filter((_, at) => isMatch[at] !== true)
}

interface WantedLine {
  readonly line: string
  readonly match: string | undefined
  readonly after: string | undefined
}

/**
 * The last line that matches becomes the wanted one. When the pattern does not match the wanted line itself, no line that matches stays:
 * else the next run would find one again.
 */
function withLine(before: Lines, { line, match, after }: WantedLine): readonly string[] {
  const { lines } = before
  const bareLines = lines.map(bare)
  const isThere = bareLines.includes(line)
  const added = endedLike(before, line)
  if (match !== undefined) {
    const pattern = new Pattern(match)
    const isMatch = pattern.matches(bareLines)
    const last = isMatch.lastIndexOf(true)
    if (last !== -1) {
      if (pattern.matchesLine(line)) return bareLines[last] === line ? lines : spliced(lines, last, 1, ...added)
      const kept = isThere ? lines : spliced(lines, last, 1, ...added)
      return kept.filter((_, at) => isMatch[at] !== true || (!isThere && at === last))
    }
  }
  if (isThere) return lines
  const anchor = after === undefined ? -1 : new Pattern(after).matches(bareLines).lastIndexOf(true)
  return spliced(lines, anchor === -1 ? lines.length : anchor + 1, 0, ...added)
}
