import { isMark, LexemeKind, type Lexemes } from '#config/lang'
import type { Lines } from './lines.ts'

const BLANK = -2
const CONTENT = -1

/** What stands on each line: nothing, only a comment, or something of the content (text of a scalar included). */
export class Margin {
  readonly #lines: Lines
  /** For each line the offset of the comment that is alone on it, CONTENT or BLANK. */
  readonly #marks: Int32Array

  constructor(lines: Lines, lexemes: Lexemes) {
    this.#lines = lines
    this.#marks = new Int32Array(lines.count).fill(BLANK)
    for (let index = 0; index < lexemes.count; index++) {
      const kind = lexemes.kindAt(index)
      if (kind === LexemeKind.space || kind === LexemeKind.newline || isMark(kind)) continue
      const start = lexemes.startAt(index)
      const end = lexemes.endAt(index)
      if (kind === LexemeKind.byteOrderMark || end === start) continue
      const first = lines.at(start)
      if (kind === LexemeKind.comment) {
        if (this.isBlank(first)) this.#marks[first] = start
        continue
      }
      const last = end - start === 1 ? first : lines.at(end - 1)
      for (let line = first; line <= last; line++) this.#marks[line] = CONTENT
    }
  }

  isBlank(line: number): boolean {
    return (this.#marks[line] ?? BLANK) === BLANK
  }

  isComment(line: number): boolean {
    return (this.#marks[line] ?? BLANK) >= 0
  }

  /** Column of the comment that is alone on the line. */
  columnOf(line: number): number {
    return (this.#marks[line] ?? 0) - this.#lines.startOf(line)
  }

  /** The comment that is alone on the line, from its `#` on. */
  commentOf(line: number): string {
    return this.#lines.text.slice(this.#marks[line] ?? 0, this.#lines.endOf(line))
  }

  /** Lines behind `from`, up to `until`, as long as they are comments further to the right than the column, and blanks between them. */
  deeperBelow(from: number, until: number, column: number): number {
    let last = from
    for (let line = from + 1; line <= until; line++) {
      if (this.isBlank(line)) continue
      if (!this.isComment(line) || this.columnOf(line) <= column) break
      last = line
    }
    return last
  }

  /** Lines directly behind `from`, up to `until`, that are comments at the column or further to the right. */
  adjoiningBelow(from: number, until: number, column: number): number {
    let line = from
    while (line < until && this.isComment(line + 1) && this.columnOf(line + 1) >= column) line++
    return line
  }
}
