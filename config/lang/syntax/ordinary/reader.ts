import type { ListNode, MapEntry, MapNode, Node, ScalarNode } from '../../node.ts'
import type { SourceFile, Span } from '../../source.ts'
import { LexemeKind, type Lexemes } from '../lexemes.ts'
import { MAX_DEPTH, MAX_LEXEMES, MAX_NODES } from '../limits.ts'
import { foldedText, literalText } from './block-text.ts'
import { COLON, Cursor, HASH, indentationAt, LINE_FEED, SPACE, TAB, UNUSUAL } from './cursor.ts'
import { plainValue } from './plain-value.ts'

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

/**
 * Reads a file that uses only the ordinary part of YAML: block maps and lists below one map that starts at column 0, scalars of one line,
 * literal and folded blocks, `[…]` and `{…}` of words on one line, comments, spaces. @throws UNUSUAL for every other text
 *
 * What it answers is what the YAML library would: the same values, the same places, the same lexemes. Where a place is surprising (a
 * collection reaches over comments below it that are indented like it), it is so because the library has it there.
 */
export class OrdinaryReader {
  readonly #cursor: Cursor
  readonly #text: string
  /** Where the value ends that was read last, with all that the library counts in. */
  #reach = 0
  #nodes = 0

  constructor(file: SourceFile) {
    this.#cursor = new Cursor(file)
    this.#text = file.text
  }

  read(): { readonly root: MapNode; readonly lexemes: Lexemes } {
    this.#cursor.skipToContent(0)
    if (this.#cursor.column !== 0) throw UNUSUAL
    this.#cursor.lexemes.put(LexemeKind.documentMark, this.#cursor.at)
    const root = this.#map(0, 1)
    if (this.#cursor.at < this.#text.length) throw UNUSUAL
    return { root, lexemes: this.#cursor.lexemes.lexemes }
  }

  #map(column: number, depth: number): MapNode {
    const start = this.#enter(depth)
    const entries = new Map<string, MapEntry>()
    do {
      const entry = this.#entry(column, depth)
      if (entries.has(entry.key)) throw UNUSUAL
      entries.set(entry.key, entry)
    } while (this.#cursor.column === column)
    return { kind: 'map', entries, span: this.#leave(start, column) }
  }

  #entry(column: number, depth: number): MapEntry {
    this.#count()
    const start = this.#cursor.at
    const length = this.#cursor.matched(KEY) - 1
    if (length < 0) throw UNUSUAL
    const isQuoted = this.#cursor.isQuote(start)
    if (!isQuoted) this.#cursor.lexemes.put(LexemeKind.scalarMark, start)
    this.#cursor.take(LexemeKind.scalar, start + length)
    const key = isQuoted ? this.#text.slice(start + 1, this.#cursor.at - 1) : this.#text.slice(start, this.#cursor.at)
    if (key === '<<') throw UNUSUAL
    const keySpan = this.#cursor.span(start)
    this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
    this.#cursor.takeSpaces()
    const next = this.#text.charAt(this.#cursor.at)
    if (next !== '\n' && next !== '#') return { key, keySpan, value: this.#inline(column, depth) }
    this.#cursor.takeLineEnd()
    this.#cursor.skipToContent(Number.POSITIVE_INFINITY)
    return { key, keySpan, value: this.#below(column, depth + 1) }
  }

  /** The block below a key. The dashes of a list may stand at the column of its key. */
  #below(column: number, depth: number): Node {
    if (this.#cursor.column >= column && this.#cursor.isDash()) return this.#list(this.#cursor.column, depth)
    if (this.#cursor.column <= column) throw UNUSUAL
    return this.#map(this.#cursor.column, depth)
  }

  #list(column: number, depth: number): ListNode {
    const start = this.#enter(depth)
    const items: Node[] = []
    do {
      this.#count()
      this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
      this.#cursor.takeSpaces()
      const isMap = this.#cursor.matched(KEY) > 0
      items.push(isMap ? this.#map(this.#cursor.at - this.#cursor.lineStart, depth + 1) : this.#inline(column, depth))
    } while (this.#cursor.column === column && this.#cursor.isDash())
    return { kind: 'list', items, span: this.#leave(start, column) }
  }

  #enter(depth: number): number {
    if (depth > SAFE_DEPTH || this.#cursor.lexemes.count > SAFE_LEXEMES) throw UNUSUAL
    return this.#cursor.at
  }

  /** Comments below that are not less indented than the collection are in its reach, though not in its span. */
  #leave(start: number, column: number): Span {
    const end = this.#reach
    if (column > 0 && this.#cursor.commentColumn >= column) {
      this.#cursor.commentColumn = -1
      this.#reach = this.#cursor.at
    }
    return { file: this.#cursor.file, start, end }
  }

  /** A value that starts on the line of its key or dash, which stands at `column`. */
  #inline(column: number, depth: number): Node {
    const first = this.#text.charAt(this.#cursor.at)
    if (first === '|' || first === '>') return this.#block(column)
    const node = first === '[' || first === '{' ? this.#flow(depth + 1) : this.#scalar()
    this.#reach = this.#cursor.takeLineEnd()
    this.#reach = Math.max(this.#reach, this.#cursor.skipToContent(column))
    return node
  }

  #scalar(): ScalarNode {
    return this.#cursor.isQuote(this.#cursor.at) ? this.#quoted() : this.#plain()
  }

  #quoted(): ScalarNode {
    const start = this.#cursor.at
    const length = this.#cursor.matched(QUOTED)
    if (length < 0) throw UNUSUAL
    this.#cursor.take(LexemeKind.scalar, start + length)
    const source = this.#text.slice(start + 1, this.#cursor.at - 1)
    return { kind: 'scalar', value: source, source, style: 'quoted', span: this.#cursor.span(start) }
  }

  #plain(): ScalarNode {
    const start = this.#cursor.at
    const first = this.#text.charAt(start)
    const isDashed = first === '-' && !' \n'.includes(this.#text.charAt(start + 1))
    if (first === '' || first === '\n' || (NOT_FIRST_OF_PLAIN.has(first) && !isDashed)) throw UNUSUAL
    return this.#plainUntil(this.#endOfPlain(start))
  }

  #plainUntil(end: number): ScalarNode {
    const start = this.#cursor.at
    this.#cursor.lexemes.put(LexemeKind.scalarMark, start)
    this.#cursor.take(LexemeKind.scalar, end)
    const source = this.#text.slice(start, end)
    const value = plainValue(source)
    if (value === undefined) throw UNUSUAL
    return { kind: 'scalar', value, source, style: 'plain', span: this.#cursor.span(start) }
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
    this.#cursor.take(LexemeKind.other, start + 1)
    this.#cursor.takeSpaces()
    while (this.#text.charAt(this.#cursor.at) !== close) {
      if (items.length + entries.size > 0) {
        if (this.#text.charAt(this.#cursor.at) !== ',') throw UNUSUAL
        this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
        this.#cursor.takeSpaces()
      }
      this.#count()
      if (isMap) {
        const entry = this.#flowEntry(depth)
        if (entries.has(entry.key)) throw UNUSUAL
        entries.set(entry.key, entry)
      } else items.push(this.#flowValue(depth))
      this.#cursor.takeSpaces()
    }
    this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
    const span = this.#cursor.span(start)
    return isMap ? { kind: 'map', entries, span } : { kind: 'list', items, span }
  }

  #flowEntry(depth: number): MapEntry {
    const start = this.#cursor.at
    const length = this.#cursor.matched(FLOW_KEY)
    if (length < 0) throw UNUSUAL
    this.#cursor.lexemes.put(LexemeKind.scalarMark, start)
    this.#cursor.take(LexemeKind.scalar, start + length)
    const keySpan = this.#cursor.span(start)
    this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
    this.#cursor.takeSpaces()
    return { key: this.#text.slice(keySpan.start, keySpan.end), keySpan, value: this.#flowValue(depth) }
  }

  #flowValue(depth: number): Node {
    const first = this.#text.charAt(this.#cursor.at)
    if (first === '[' || first === '{') return this.#flow(depth + 1)
    if (this.#cursor.isQuote(this.#cursor.at)) return this.#quoted()
    const length = this.#cursor.matched(FLOW_WORD)
    if (length < 0) throw UNUSUAL
    return this.#plainUntil(this.#cursor.at + length)
  }

  /** A literal or folded block whose first line is not blank. */
  #block(column: number): ScalarNode {
    const text = this.#text
    const start = this.#cursor.at
    const length = this.#cursor.matched(BLOCK_HEADER)
    if (length < 0) throw UNUSUAL
    const header = text.slice(start, start + length)
    this.#cursor.take(LexemeKind.blockHeader, start + length)
    this.#cursor.takeLineEnd()
    const from = this.#cursor.at
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
    this.#cursor.lexemes.put(LexemeKind.scalarMark, from)
    this.#cursor.take(LexemeKind.blockScalar, end)
    this.#cursor.lineStart = end
    this.#reach = end
    const span = this.#cursor.span(start)
    this.#cursor.skipToContent(Number.POSITIVE_INFINITY)
    const content = text.slice(from, end)
    if (content.trim() === '') throw UNUSUAL
    const value = header.startsWith('|')
      ? literalText(content, indentation, header)
      : foldedText(content, indentation, header)
    return { kind: 'scalar', value, source: value, style: 'block', span }
  }

  #count(): void {
    if (++this.#nodes > SAFE_NODES) throw UNUSUAL
  }
}
