/** A file of the stacks tree as it was read. `path` is relative to the tree, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** A stretch of a file: offsets in UTF-16 units, `end` excluded. */
export interface Span {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

/** Counted from 1; `column` in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function positionOf({ file, start }: Span): Position {
  const before = file.text.lastIndexOf('\n', start - 1)
  let line = 1
  for (let at = file.text.indexOf('\n'); at >= 0 && at < start; at = file.text.indexOf('\n', at + 1)) line++
  return { line, column: start - before }
}

/** `path:line:column`, as editors and terminals understand it. */
export function placeOf(span: Span): string {
  const { line, column } = positionOf(span)
  return `${span.file.path}:${line}:${column}`
}

/** The whole line that the span starts in, without its line ending. */
export function lineOf({ file, start }: Span): string {
  const from = file.text.lastIndexOf('\n', start - 1) + 1
  const to = file.text.indexOf('\n', from)
  return file.text.slice(from, to < 0 ? file.text.length : to).replace(/\r$/, '')
}
