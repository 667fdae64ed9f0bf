import type { Span } from '#config/lang'
import { Lines } from '../syntax/index.ts'

/** Counted from 1; columns in UTF-16 units, `endColumn` behind the last character. */
export interface Region {
  readonly startLine: number
  readonly startColumn: number
  readonly endLine: number
  readonly endColumn: number
}

/** Places of spans; the lines of a file are counted once. */
export class Regions {
  readonly #lines = new Map<string, Lines>()

  of({ file, start, end }: Span): Region {
    let lines = this.#lines.get(file.text)
    if (lines === undefined) this.#lines.set(file.text, (lines = new Lines(file.text)))
    const [first, last] = [lines.at(start), lines.at(Math.max(start, end))]
    return {
      startLine: first + 1,
      startColumn: start - lines.startOf(first) + 1,
      endLine: last + 1,
      endColumn: Math.max(start, end) - lines.startOf(last) + 1,
    }
  }
}
