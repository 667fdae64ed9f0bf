import type { MapEntry, MapNode, Node } from '../../node.ts'
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

const NOTHING: MapNode & { readonly entries: Map<string, MapEntry> } = {
  kind: 'map',
  entries: new Map(),
  span: { file: { path: '', text: '' }, start: 0, end: 0 },
}

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
  /** False for whoever wants the lexemes alone: every value is NOTHING then, and equal keys are not looked for. */
  readonly #makesValues: boolean
  /** Where the value ends that was read last, with all that the library counts in. */
  #reach = 0
  #nodes = 0
  /** Where a key was looked for last, and its length, the colon included; -1 when there was none. */
  #keyAt = -1
  #keyLength = -1

  private constructor(file: SourceFile, makesValues: boolean) {
    this.#cursor = new Cursor(file)
    this.#text = file.text
    this.#makesValues = makesValues
  }

  static read(file: SourceFile): { readonly root: MapNode; readonly lexemes: Lexemes } {
    const reader = new OrdinaryReader(file, true)
    const root = reader.#document()
    return { root, lexemes: reader.#cursor.lexemes.lexemes }
  }

  static lexemesOf(file: SourceFile): Lexemes {
    const reader = new OrdinaryReader(file, false)
    reader.#document()
    return reader.#cursor.lexemes.lexemes
  }

  #document(): MapNode {
    this.#cursor.skipToContent(0)
    if (this.#cursor.column !== 0) throw UNUSUAL
    this.#cursor.lexemes.put(LexemeKind.documentMark, this.#cursor.at)
    const root = this.#map(0, 1)
    if (this.#cursor.at < this.#text.length) throw UNUSUAL
    return root
  }

  #map(column: number, depth: number): MapNode {
    const start = this.#enter(depth)
    const entries = this.#entries()
    do this.#entry(entries, column, depth)
    while (this.#cursor.column === column)
    const end = this.#leave(column)
    return this.#makesValues ? { kind: 'map', entries, span: this.#span(start, end) } : NOTHING
  }

  #entry(entries: Map<string, MapEntry>, column: number, depth: number): void {
    this.#count()
    const cursor = this.#cursor
    const start = cursor.at
    const end = start + this.#lengthOfKey() - 1
    if (end < start) throw UNUSUAL
    const isQuoted = cursor.isQuote(start)
    if (!isQuoted) cursor.lexemes.put(LexemeKind.scalarMark, start)
    cursor.take(LexemeKind.scalar, end)
    cursor.take(LexemeKind.other, end + 1)
    cursor.takeSpaces()
    const next = this.#text.charCodeAt(cursor.at)
    const value = next === LINE_FEED || next === HASH ? this.#below(column, depth + 1) : this.#inline(column, depth)
    this.#add(entries, start, end, isQuoted, value)
  }

  #add(entries: Map<string, MapEntry>, start: number, end: number, isQuoted: boolean, value: Node): void {
    if (!this.#makesValues) return
    const key = isQuoted ? this.#text.slice(start + 1, end - 1) : this.#text.slice(start, end)
    const { size } = entries
    entries.set(key, { key, keySpan: this.#span(start, end), value })
    if (entries.size === size || key === '<<') throw UNUSUAL
  }

  /** Also asked to find out whether an item of a list is a map. */
  #lengthOfKey(): number {
    if (this.#keyAt !== this.#cursor.at) {
      this.#keyLength = this.#cursor.matched(KEY)
      this.#keyAt = this.#cursor.at
    }
    return this.#keyLength
  }

  /** The block below a key. The dashes of a list may stand at the column of its key. */
  #below(column: number, depth: number): Node {
    this.#cursor.takeLineEnd()
    this.#cursor.skipToContent(Number.POSITIVE_INFINITY)
    if (this.#cursor.column >= column && this.#cursor.isDash()) return this.#list(this.#cursor.column, depth)
    if (this.#cursor.column <= column) throw UNUSUAL
    return this.#map(this.#cursor.column, depth)
  }

  #list(column: number, depth: number): Node {
    const start = this.#enter(depth)
    const items: Node[] = []
    do {
      this.#count()
      this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
      this.#cursor.takeSpaces()
      const isMap = this.#lengthOfKey() > 0
      items.push(isMap ? this.#map(this.#cursor.at - this.#cursor.lineStart, depth + 1) : this.#inline(column, depth))
    } while (this.#cursor.column === column && this.#cursor.isDash())
    const end = this.#leave(column)
    return this.#makesValues ? { kind: 'list', items, span: this.#span(start, end) } : NOTHING
  }

  #enter(depth: number): number {
    if (depth > SAFE_DEPTH || this.#cursor.lexemes.count > SAFE_LEXEMES) throw UNUSUAL
    return this.#cursor.at
  }

  /** Comments below that are not less indented than the collection are in its reach, though not in its span. */
  #leave(column: number): number {
    const end = this.#reach
    if (column > 0 && this.#cursor.commentColumn >= column) {
      this.#cursor.commentColumn = -1
      this.#reach = this.#cursor.at
    }
    return end
  }

  #entries(): Map<string, MapEntry> {
    return this.#makesValues ? new Map() : NOTHING.entries
  }

  #span(start: number, end: number): Span {
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

  #scalar(): Node {
    return this.#cursor.isQuote(this.#cursor.at) ? this.#quoted() : this.#plain()
  }

  #quoted(): Node {
    const start = this.#cursor.at
    const length = this.#cursor.matched(QUOTED)
    if (length < 0) throw UNUSUAL
    const end = start + length
    this.#cursor.take(LexemeKind.scalar, end)
    if (!this.#makesValues) return NOTHING
    const source = this.#text.slice(start + 1, end - 1)
    return { kind: 'scalar', value: source, source, style: 'quoted', span: this.#span(start, end) }
  }

  #plain(): Node {
    const start = this.#cursor.at
    const first = this.#text.charAt(start)
    const isDashed = first === '-' && !' \n'.includes(this.#text.charAt(start + 1))
    if (first === '' || first === '\n' || (NOT_FIRST_OF_PLAIN.has(first) && !isDashed)) throw UNUSUAL
    return this.#plainUntil(this.#endOfPlain(start))
  }

  #plainUntil(end: number): Node {
    const start = this.#cursor.at
    this.#cursor.lexemes.put(LexemeKind.scalarMark, start)
    this.#cursor.take(LexemeKind.scalar, end)
    if (!this.#makesValues) return NOTHING
    const source = this.#text.slice(start, end)
    const value = plainValue(source)
    if (value === undefined) throw UNUSUAL
    return { kind: 'scalar', value, source, style: 'plain', span: this.#span(start, end) }
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
    const entries = this.#entries()
    this.#cursor.take(LexemeKind.other, start + 1)
    this.#cursor.takeSpaces()
    for (let isFirst = true; this.#text.charAt(this.#cursor.at) !== close; isFirst = false) {
      if (!isFirst) {
        if (this.#text.charAt(this.#cursor.at) !== ',') throw UNUSUAL
        this.#cursor.take(LexemeKind.other, this.#cursor.at + 1)
        this.#cursor.takeSpaces()
      }
      this.#count()
      if (isMap) this.#flowEntry(entries, depth)
      else items.push(this.#flowValue(depth))
      this.#cursor.takeSpaces()
    }
    const end = this.#cursor.at + 1
    this.#cursor.take(LexemeKind.other, end)
    if (!this.#makesValues) return NOTHING
    const span = this.#span(start, end)
    return isMap ? { kind: 'map', entries, span } : { kind: 'list', items, span }
  }

  #flowEntry(entries: Map<string, MapEntry>, depth: number): void {
    const start = this.#cursor.at
    const length = this.#cursor.matched(FLOW_KEY)
    if (length < 0) throw UNUSUAL
    const end = start + length
    this.#cursor.lexemes.put(LexemeKind.scalarMark, start)
    this.#cursor.take(LexemeKind.scalar, end)
    this.#cursor.take(LexemeKind.other, end + 1)
    this.#cursor.takeSpaces()
    this.#add(entries, start, end, false, this.#flowValue(depth))
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
  #block(column: number): Node {
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
    this.#cursor.skipToContent(Number.POSITIVE_INFINITY)
    const content = text.slice(from, end)
    if (content.trim() === '') throw UNUSUAL
    if (!this.#makesValues) return NOTHING
    const value = header.startsWith('|')
      ? literalText(content, indentation, header)
      : foldedText(content, indentation, header)
    return { kind: 'scalar', value, source: value, style: 'block', span: this.#span(start, end) }
  }

  #count(): void {
    if (++this.#nodes > SAFE_NODES) throw UNUSUAL
  }
}
