import type { SourceFile } from '../../source.ts'
import { LexemeKind, LexemeWriter } from '../lexemes.ts'

/** A text that is, or may be, more than ordinary YAML: the library has to say what it means, or what is wrong with it. */
export const UNUSUAL = new Error('not the ordinary part of YAML')

export const TAB = 0x09
export const LINE_FEED = 0x0a
export const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
export const HASH = 0x23
const SINGLE_QUOTE = 0x27
const DASH = 0x2d
export const COLON = 0x3a

export const END_OF_TEXT = -1

/** A place in a text, and the lexemes up to it. */
export class Cursor {
  readonly file: SourceFile
  readonly text: string
  readonly lexemes: LexemeWriter
  at = 0
  lineStart = 0
  /** Of the content that follows, when the text before it was read to its line. */
  column = 0
  /** Of the comments before it that belong to no value: the one furthest to the right; -1 when there is none. */
  commentColumn = -1

  constructor(file: SourceFile) {
    this.file = file
    this.text = file.text
    this.lexemes = new LexemeWriter(file.text)
  }

  /** The rest of a line: blanks, a comment behind blanks, the line feed. Answers where the next one starts. */
  takeLineEnd(): number {
    this.takeSpaces()
    const text = this.text
    if (text.charCodeAt(this.at) === HASH) {
      if (text.charCodeAt(this.at - 1) !== SPACE) throw UNUSUAL
      this.takeComment()
    }
    if (this.at < text.length) {
      if (text.charCodeAt(this.at) !== LINE_FEED) throw UNUSUAL
      this.take(LexemeKind.newline, this.at + 1)
    }
    this.lineStart = this.at
    return this.at
  }

  /**
   * From the start of a line over blank lines and comments. Comments further to the right than `column`, up to the first that is not,
   * belong to the value above; answers where they end, 0 when there are none.
   */
  skipToContent(column: number): number {
    const text = this.text
    let owned = 0
    this.commentColumn = -1
    for (;;) {
      const indentation = indentationAt(text, this.at)
      const code = text.charCodeAt(this.at + indentation)
      if (indentation > 0) this.take(LexemeKind.space, this.at + indentation)
      if (code === HASH) {
        this.takeComment()
        const isOwned = indentation > column && this.commentColumn < 0
        if (!isOwned) this.commentColumn = Math.max(this.commentColumn, indentation)
        const next = this.takeLineEnd()
        if (isOwned) owned = next
      } else if (code === LINE_FEED) this.takeLineEnd()
      else {
        if (Number.isNaN(code) && indentation > 0) throw UNUSUAL
        this.column = Number.isNaN(code) ? END_OF_TEXT : indentation
        return owned
      }
    }
  }

  takeComment(): void {
    const end = this.text.indexOf('\n', this.at)
    this.take(LexemeKind.comment, end < 0 ? this.text.length : end)
  }

  takeSpaces(): void {
    const count = indentationAt(this.text, this.at)
    if (count > 0) this.take(LexemeKind.space, this.at + count)
  }

  take(kind: LexemeKind, end: number): void {
    this.lexemes.put(kind, end)
    this.at = end
  }

  /** How far the pattern matches here; -1 when it does not. */
  matched(pattern: RegExp): number {
    pattern.lastIndex = this.at
    return pattern.test(this.text) ? pattern.lastIndex - this.at : -1
  }

  isQuote(at: number): boolean {
    const code = this.text.charCodeAt(at)
    return code === DOUBLE_QUOTE || code === SINGLE_QUOTE
  }

  isDash(): boolean {
    return this.text.charCodeAt(this.at) === DASH && this.text.charCodeAt(this.at + 1) === SPACE
  }
}

export function indentationAt(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === SPACE) at++
  return at - start
}
