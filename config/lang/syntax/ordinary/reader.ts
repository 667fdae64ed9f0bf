import type { ListNode, MapEntry, MapNode, Node, ScalarNode } from '../../node.ts'
import type { SourceFile, Span } from '../../source.ts'
import type { LexemeKind, Lexemes } from '../lexemes.ts'
import { LexemeWriter } from '../lexemes.ts'
import { MAX_DEPTH, MAX_LEXEMES, MAX_NODES } from '../limits.ts'
import { foldedText, literalText } from './block-text.ts'
import { plainValue } from './plain-value.ts'

/** A text that is, or may be, more than ordinary YAML: the library has to say what it means, or what is wrong with it. */
export const UNUSUAL = new Error('not the ordinary part of YAML')

/** `key:` as it mostly stands: plain, or in quotes without escapes. */
const KEY = /(?:\w[\w.*/-]{0,999}|"[^"\\\n\t]{1,999}"|'[^'\n\t]{1,999}'):(?=[ \n]|$)/y

/** In brackets only words: no blank, colon or quote in them. */
const FLOW_WORD = /(?:-(?=\w))?[\w./~+$^=][^\s,[\]{}:#"']*/y
const FLOW_KEY = /[A-Za-z_][\w.-]{0,999}(?=: )/y

const QUOTED = /"[^"\\\n\t]*"|'[^'\n\t]*'/y

const BLOCK_HEADER = /[|>]-?(?=[ \n])/y

const NOT_FIRST_OF_PLAIN = new Set(' -?:,[]{}#&*!|>\'"%@`')

/** Half of what is refused: who is near a limit is counted by the library. */
const SAFE_DEPTH = MAX_DEPTH / 2
const SAFE_NODES = MAX_NODES / 2
const SAFE_LEXEMES = MAX_LEXEMES / 2

const END_OF_TEXT = -1

/**
 * Reads a file that uses only the ordinary part of YAML: block maps and lists below one map that starts at column 0, scalars of one line,
 * literal and folded blocks, `[…]` and `{…}` of words on one line, comments, spaces. @throws UNUSUAL for every other text
 *
 * What it answers is what the YAML library would: the same values, the same places, the same lexemes. Where a place is surprising (a
 * collection reaches over comments below it that are indented like it), it is so because the library has it there.
 */
export class OrdinaryReader {
  readonly #file: SourceFile
  readonly #text: string
  readonly #lexemes = new LexemeWriter()
  #at = 0
  #lineStart = 0
  /** Of the content that follows, when the text before it was read to its line. */
  #column = 0
  /** Of the comments before it that belong to no value: the one furthest to the right; -1 when there is none. */
  #commentColumn = -1
  /** Where the value ends that was read last, with all that the library counts in. */
  #reach = 0
  #nodes = 0

  constructor(file: SourceFile) {
    this.#file = file
    this.#text = file.text
  }

  read(): { readonly root: MapNode; readonly lexemes: Lexemes } {
    this.#skipToContent(0)
    if (this.#column !== 0) throw UNUSUAL
    this.#lexemes.put('document-mark', this.#at)
    const root = this.#map(0, 1)
    if (this.#at < this.#text.length) throw UNUSUAL
    return { root, lexemes: this.#lexemes.lexemes }
  }

  #map(column: number, depth: number): MapNode {
    const start = this.#enter(depth)
    const entries = new Map<string, MapEntry>()
    do {
      const entry = this.#entry(column, depth)
      if (entries.has(entry.key)) throw UNUSUAL
      entries.set(entry.key, entry)
    } while (this.#column === column)
    return { kind: 'map', entries, span: this.#leave(start, column) }
  }

  #entry(column: number, depth: number): MapEntry {
    this.#count()
    const start = this.#at
    const length = this.#matched(KEY) - 1
    if (length < 0) throw UNUSUAL
    const isQuoted = this.#isQuote(start)
    if (!isQuoted) this.#lexemes.put('scalar-mark', start)
    this.#take('scalar', start + length)
    const key = isQuoted ? this.#text.slice(start + 1, this.#at - 1) : this.#text.slice(start, this.#at)
    if (key === '<<') throw UNUSUAL
    const keySpan = this.#span(start)
    this.#take('other', this.#at + 1)
    this.#takeSpaces()
    const next = this.#text.charAt(this.#at)
    if (next !== '\n' && next !== '#') return { key, keySpan, value: this.#inline(column, depth) }
    this.#takeLineEnd()
    this.#skipToContent(Number.POSITIVE_INFINITY)
    return { key, keySpan, value: this.#below(column, depth + 1) }
  }

  /** The block below a key. The dashes of a list may stand at the column of its key. */
  #below(column: number, depth: number): Node {
    if (this.#column >= column && this.#isDash()) return this.#list(this.#column, depth)
    if (this.#column <= column) throw UNUSUAL
    return this.#map(this.#column, depth)
  }

  #list(column: number, depth: number): ListNode {
    const start = this.#enter(depth)
    const items: Node[] = []
    do {
      this.#count()
      this.#take('other', this.#at + 1)
      this.#takeSpaces()
      const isMap = this.#matched(KEY) > 0
      items.push(isMap ? this.#map(this.#at - this.#lineStart, depth + 1) : this.#inline(column, depth))
    } while (this.#column === column && this.#isDash())
    return { kind: 'list', items, span: this.#leave(start, column) }
  }

  #enter(depth: number): number {
    if (depth > SAFE_DEPTH || this.#lexemes.count > SAFE_LEXEMES) throw UNUSUAL
    return this.#at
  }

  /** Comments below that are not less indented than the collection are in its reach, though not in its span. */
  #leave(start: number, column: number): Span {
    const end = this.#reach
    if (column > 0 && this.#commentColumn >= column) {
      this.#commentColumn = -1
      this.#reach = this.#at
    }
    return { file: this.#file, start, end }
  }

  /** A value that starts on the line of its key or dash, which stands at `column`. */
  #inline(column: number, depth: number): Node {
    const first = this.#text.charAt(this.#at)
    if (first === '|' || first === '>') return this.#block(column)
    const node = first === '[' || first === '{' ? this.#flow(depth + 1) : this.#scalar()
    this.#reach = this.#takeLineEnd()
    this.#reach = Math.max(this.#reach, this.#skipToContent(column))
    return node
  }

  #scalar(): ScalarNode {
    return this.#isQuote(this.#at) ? this.#quoted() : this.#plain()
  }

  #quoted(): ScalarNode {
    const start = this.#at
    const length = this.#matched(QUOTED)
    if (length < 0) throw UNUSUAL
    this.#take('scalar', start + length)
    const source = this.#text.slice(start + 1, this.#at - 1)
    return { kind: 'scalar', value: source, source, style: 'quoted', span: this.#span(start) }
  }

  #plain(): ScalarNode {
    const start = this.#at
    const first = this.#text.charAt(start)
    const isDashed = first === '-' && !' \n'.includes(this.#text.charAt(start + 1))
    if (first === '' || first === '\n' || (NOT_FIRST_OF_PLAIN.has(first) && !isDashed)) throw UNUSUAL
    return this.#plainUntil(this.#endOfPlain(start))
  }

  #plainUntil(end: number): ScalarNode {
    const start = this.#at
    this.#lexemes.put('scalar-mark', start)
    this.#take('scalar', end)
    const source = this.#text.slice(start, end)
    const value = plainValue(source)
    if (value === undefined) throw UNUSUAL
    return { kind: 'scalar', value, source, style: 'plain', span: this.#span(start) }
  }

  /** Behind the last character of the line that is neither blank nor comment. */
  #endOfPlain(start: number): number {
    const text = this.#text
    let end = start
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === LINE_FEED) break
      if (code === SPACE) continue
      if (code === TAB || (code === COLON && ' \n'.includes(text.charAt(at + 1)))) throw UNUSUAL
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) break
      end = at + 1
    }
    return end
  }

  #flow(depth: number): Node {
    const start = this.#enter(depth)
    const isMap = this.#text.charAt(start) === '{'
    const close = isMap ? '}' : ']'
    const items: Node[] = []
    const entries = new Map<string, MapEntry>()
    this.#take('other', start + 1)
    this.#takeSpaces()
    while (this.#text.charAt(this.#at) !== close) {
      if (items.length + entries.size > 0) {
        if (this.#text.charAt(this.#at) !== ',') throw UNUSUAL
        this.#take('other', this.#at + 1)
        this.#takeSpaces()
      }
      this.#count()
      if (isMap) {
        const entry = this.#flowEntry(depth)
        if (entries.has(entry.key)) throw UNUSUAL
        entries.set(entry.key, entry)
      } else items.push(this.#flowValue(depth))
      this.#takeSpaces()
    }
    this.#take('other', this.#at + 1)
    const span = this.#span(start)
    return isMap ? { kind: 'map', entries, span } : { kind: 'list', items, span }
  }

  #flowEntry(depth: number): MapEntry {
    const start = this.#at
    const length = this.#matched(FLOW_KEY)
    if (length < 0) throw UNUSUAL
    this.#lexemes.put('scalar-mark', start)
    this.#take('scalar', start + length)
    const keySpan = this.#span(start)
    this.#take('other', this.#at + 1)
    this.#takeSpaces()
    return { key: this.#text.slice(keySpan.start, keySpan.end), keySpan, value: this.#flowValue(depth) }
  }

  #flowValue(depth: number): Node {
    const first = this.#text.charAt(this.#at)
    if (first === '[' || first === '{') return this.#flow(depth + 1)
    if (this.#isQuote(this.#at)) return this.#quoted()
    const length = this.#matched(FLOW_WORD)
    if (length < 0) throw UNUSUAL
    return this.#plainUntil(this.#at + length)
  }

  /** A literal or folded block whose first line is not blank. */
  #block(column: number): ScalarNode {
    const text = this.#text
    const start = this.#at
    const length = this.#matched(BLOCK_HEADER)
    if (length < 0) throw UNUSUAL
    const header = text.slice(start, start + length)
    this.#take('block-header', start + length)
    this.#takeLineEnd()
    const from = this.#at
    const indentation = indentationAt(text, from)
    if (indentation <= column || text.charAt(from + indentation) === '\n') throw UNUSUAL
    let end = from
    for (let line = from; line < text.length; ) {
      const deep = indentationAt(text, line)
      const isBlank = text.charCodeAt(line + deep) === LINE_FEED
      if (!isBlank && deep < indentation) break
      const lineEnd = text.indexOf('\n', line + deep)
      if (lineEnd < 0 || (isBlank && deep > indentation)) throw UNUSUAL
      line = lineEnd + 1
      if (!isBlank) end = line
    }
    this.#lexemes.put('scalar-mark', from)
    this.#take('block-scalar', end)
    this.#lineStart = end
    this.#reach = end
    const span = this.#span(start)
    this.#skipToContent(Number.POSITIVE_INFINITY)
    const content = text.slice(from, end)
    if (content.trim() === '') throw UNUSUAL
    const value = header.startsWith('|')
      ? literalText(content, indentation, header)
      : foldedText(content, indentation, header)
    return { kind: 'scalar', value, source: value, style: 'block', span }
  }

  /** The rest of a line: blanks, a comment behind blanks, the line feed. Answers where the next one starts. */
  #takeLineEnd(): number {
    this.#takeSpaces()
    const text = this.#text
    if (text.charCodeAt(this.#at) === HASH) {
      if (text.charCodeAt(this.#at - 1) !== SPACE) throw UNUSUAL
      this.#takeComment()
    }
    if (this.#at < text.length) {
      if (text.charCodeAt(this.#at) !== LINE_FEED) throw UNUSUAL
      this.#take('newline', this.#at + 1)
    }
    this.#lineStart = this.#at
    return this.#at
  }

  /**
   * From the start of a line over blank lines and comments. Comments further to the right than `column`, up to the first that is not,
   * belong to the value above; answers where they end, 0 when there are none.
   */
  #skipToContent(column: number): number {
    const text = this.#text
    let owned = 0
    this.#commentColumn = -1
    for (;;) {
      const indentation = indentationAt(text, this.#at)
      const code = text.charCodeAt(this.#at + indentation)
      if (indentation > 0) this.#take('space', this.#at + indentation)
      if (code === HASH) {
        this.#takeComment()
        const isOwned = indentation > column && this.#commentColumn < 0
        if (!isOwned) this.#commentColumn = Math.max(this.#commentColumn, indentation)
        const next = this.#takeLineEnd()
        if (isOwned) owned = next
      } else if (code === LINE_FEED) this.#takeLineEnd()
      else {
        if (Number.isNaN(code) && indentation > 0) throw UNUSUAL
        this.#column = Number.isNaN(code) ? END_OF_TEXT : indentation
        return owned
      }
    }
  }

  #takeComment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#take('comment', end < 0 ? this.#text.length : end)
  }

  #takeSpaces(): void {
    const count = indentationAt(this.#text, this.#at)
    if (count > 0) this.#take('space', this.#at + count)
  }

  #take(kind: LexemeKind, end: number): void {
    this.#lexemes.put(kind, end)
    this.#at = end
  }

  /** How far the pattern matches here; -1 when it does not. */
  #matched(pattern: RegExp): number {
    pattern.lastIndex = this.#at
    return pattern.test(this.#text) ? pattern.lastIndex - this.#at : -1
  }

  #isQuote(at: number): boolean {
    const code = this.#text.charCodeAt(at)
    return code === DOUBLE_QUOTE || code === SINGLE_QUOTE
  }

  #isDash(): boolean {
    return this.#text.charCodeAt(this.#at) === DASH && this.#text.charCodeAt(this.#at + 1) === SPACE
  }

  #count(): void {
    if (++this.#nodes > SAFE_NODES) throw UNUSUAL
  }

  #span(start: number): Span {
    return { file: this.#file, start, end: this.#at }
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const SPACE = 0x20
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const SINGLE_QUOTE = 0x27
const DASH = 0x2d
const COLON = 0x3a

function indentationAt(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === SPACE) at++
  return at - start
}
