import { TemplateError } from '../errors.ts'
import type { Problems } from './problems.ts'
import type { Segment, TextSegment, Token } from './token.ts'
import { nextToken } from './tokenize.ts'

const SPACE = /[ \t\r\n]/
const LEADING_SPACE = /[ \t\r\n]*/y

/** Cuts a text at its actions. Comments are dropped, and trim markers have done their work on the text around them. */
export function scan(text: string, placeholders: readonly string[], problems: Problems): Segment[] {
  const scanner = new Scanner(text, placeholders, problems)
  scanner.run()
  return scanner.segments
}

class Scanner {
  readonly segments: Segment[] = []
  readonly #text: string
  readonly #placeholder: RegExp | undefined
  readonly #problems: Problems
  /** Start of the text that is not yet a segment. */
  #from = 0

  constructor(text: string, placeholders: readonly string[], problems: Problems) {
    this.#text = text
    this.#problems = problems
    if (placeholders.length > 0) this.#placeholder = new RegExp(`\\{\\{ ?(?:${placeholders.join('|')}) ?\\}\\}`, 'y')
  }

  run(): void {
    const text = this.#text
    let at = 0
    while (!this.#problems.isFull) {
      const open = text.indexOf('{{', at)
      if (open < 0) break
      const kept = this.#placeholderAt(open)
      if (kept > 0) {
        at = open + kept
        continue
      }
      const trims = text[open + 2] === '-' && SPACE.test(text[open + 3] ?? '')
      this.#endText(open, trims)
      const start = open + (trims ? 4 : 2)
      this.#from = at = text.startsWith('/*', start) ? this.#comment(open, start) : this.#action(open, start)
    }
    this.#endText(text.length, false)
  }

  #placeholderAt(open: number): number {
    if (this.#placeholder === undefined) return 0
    this.#placeholder.lastIndex = open
    return this.#placeholder.exec(this.#text)?.[0].length ?? 0
  }

  #endText(end: number, trims: boolean): void {
    let to = end
    while (trims && to > this.#from && SPACE.test(this.#text[to - 1]!)) to--
    if (to > this.#from) {
      const segment: TextSegment = { kind: 'text', text: this.#text.slice(this.#from, to) }
      this.segments.push(segment)
    }
  }

  /** Returns where the text goes on after the comment. */
  #comment(open: number, start: number): number {
    const close = this.#text.indexOf('*/', start + 2)
    if (close < 0) {
      this.#problems.syntax({ start: open, end: start + 2 }, 'this comment has no end', 'end it with */}}')
      return this.#text.length
    }
    const end = this.#delimiterAt(close + 2)
    if (end === undefined) {
      const hint = 'write {{/* comment */}}, or {{- /* comment */ -}} to drop the space around it'
      this.#problems.syntax({ start: close, end: close + 2 }, 'a comment must fill its whole action', hint)
      return this.#resume(close + 2)
    }
    return end
  }

  #action(open: number, start: number): number {
    const tokens: Token[] = []
    let at = start
    for (;;) {
      const end = this.#delimiterAt(at)
      if (end !== undefined) {
        this.segments.push({ kind: 'action', start: open, end, tokens, broken: false })
        return end
      }
      try {
        const token = nextToken(this.#text, at, open)
        tokens.push(token)
        at = token.end
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        this.#problems.add(error.problem({ start: open, end: open + 2 }))
        const resume = this.#resume(at)
        this.segments.push({ kind: 'action', start: open, end: resume, tokens, broken: true })
        return resume
      }
    }
  }

  /** End of a `}}` or ` -}}` here with the space that it trims, or undefined. */
  #delimiterAt(at: number): number | undefined {
    const text = this.#text
    if (text.startsWith('}}', at)) return at + 2
    if (!text.startsWith('-}}', at + 1) || !SPACE.test(text[at]!)) return undefined
    LEADING_SPACE.lastIndex = at + 4
    LEADING_SPACE.test(text)
    return LEADING_SPACE.lastIndex
  }

  /** Where reading can go on after an error: behind the next `}}`, unless another action starts before it. */
  #resume(at: number): number {
    const close = this.#text.indexOf('}}', at)
    const open = this.#text.indexOf('{{', at)
    if (open >= 0 && (close < 0 || open < close)) return open
    return close < 0 ? this.#text.length : close + 2
  }
}
