import type { Lexeme } from '#config/lang'
import type { Lines } from './lines.ts'

/** What stands on each line: nothing, only a comment, or something of the content (text of a scalar included). */
export class Margin {
  readonly #lines: Lines
  /** Offset of the comment that is alone on its line; -1 where something else is; absent where the line is blank. */
  readonly #marks = new Map<number, number>()

  constructor(lines: Lines, lexemes: readonly Lexeme[]) {
    this.#lines = lines
    for (const { kind, start, end } of lexemes) {
      if (kind === 'space' || kind === 'newline' || kind === 'byte-order-mark' || end === start) continue
      const first = lines.at(start)
      if (kind === 'comment') {
        if (!this.#marks.has(first)) this.#marks.set(first, start)
        continue
      }
      const last = end - start === 1 ? first : lines.at(end - 1)
      for (let line = first; line <= last; line++) this.#marks.set(line, -1)
    }
  }

  isBlank(line: number): boolean {
    return !this.#marks.has(line)
  }

  isComment(line: number): boolean {
    return (this.#marks.get(line) ?? -1) >= 0
  }

  /** Column of the comment that is alone on the line. */
  columnOf(line: number): number {
    return (this.#marks.get(line) ?? 0) - this.#lines.startOf(line)
  }

  /** The comment that is alone on the line, from its `#` on. */
  commentOf(line: number): string {
    return this.#lines.text.slice(this.#marks.get(line) ?? 0, this.#lines.endOf(line))
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
