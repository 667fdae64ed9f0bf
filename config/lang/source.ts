/** A file of the stacks tree as it was read. `path` is relative to the tree, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  /** Of the text in UTF-8, lower-case hex, where whoever read it knows. */
  readonly sha256?: string | undefined
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
  const column = start - startOfLine(file.text, start) + 1
  let line = 1
  for (let at = file.text.indexOf('\n'); at >= 0 && at < start; at = file.text.indexOf('\n', at + 1)) line++
  return { line, column }
}

/** `path:line:column`, as editors and terminals understand it. */
export function placeOf(span: Span): string {
  const { line, column } = positionOf(span)
  return `${span.file.path}:${line}:${column}`
}

/** The whole line that the span starts in, without its line ending. */
export function lineOf({ file, start }: Span): string {
  const from = startOfLine(file.text, start)
  return file.text.slice(from, endOfLine(file.text, from))
}

/** Offset of the first character of the line that the offset is in. */
export function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Offset behind the last character of the line that the offset is in, its line ending left out. */
export function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  if (end < 0) return text.length
  return end > offset && text[end - 1] === '\r' ? end - 1 : end
}
