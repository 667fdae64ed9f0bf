import { ExecutorError } from '../errors.ts'

/** A secret that is filled in may have more lines than its author thought of. @throws ExecutorError 'failed' */
export function requireOneLine(text: string, what: string): void {
  if (!/[\r\n\0]/.test(text)) return
  throw new ExecutorError('failed', `${what} has more than one line (a secret that ends with a line break has two)`)
}

/** The lines of a text, each with a carriage return of its own where it has one, and whether the last one is ended. */
export interface Lines {
  readonly lines: readonly string[]
  readonly isEnded: boolean
}

export function linesOf(text: string): Lines {
  if (text === '') return { lines: [], isEnded: true }
  const lines = text.split('\n')
  const isEnded = lines.at(-1) === ''
  return { lines: isEnded ? lines.slice(0, -1) : lines, isEnded }
}

/** A text whose last line is ended, unless it was not and is still the last one. */
export function textOf(lines: readonly string[], before: Lines): string {
  if (lines.length === 0) return ''
  const isSameEnd = !before.isEnded && lines.at(-1) === before.lines.at(-1)
  return lines.join('\n') + (isSameEnd ? '' : '\n')
}

/** A line without the carriage return at its end. */
export function bare(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Gives new lines the ending that the others of the file have. */
export function endedLike({ lines }: Lines, ...added: readonly string[]): string[] {
  const ending = lines[0]?.endsWith('\r') === true ? '\r' : ''
  return added.map(line => bare(line) + ending)
}

/** The same list with something in place of `count` items. */
export function spliced<T>(list: readonly T[], at: number, count: number, ...items: readonly T[]): T[] {
  return list.toSpliced(at, count, ...items)
}
