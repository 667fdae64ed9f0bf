/** What a stretch of a text is for YAML's grammar. Marks, which stand for no text, come last. */
export const LexemeKind = {
  comment: 0,
  space: 1,
  newline: 2,
  scalar: 3,
  blockScalar: 4,
  blockHeader: 5,
  byteOrderMark: 6,
  other: 7,
  documentMark: 8,
  scalarMark: 9,
  errorMark: 10,
} as const

export type LexemeKind = (typeof LexemeKind)[keyof typeof LexemeKind]

/** A stretch of a text that YAML's grammar takes as one. Offsets of the text; a mark has no length. */
export interface Lexeme {
  readonly kind: LexemeKind
  readonly start: number
  readonly end: number
}

/**
 * What the lexer tells by characters that stand for no text: a document starts, a scalar follows, a flow collection ends in error. A text
 * that has such a character itself has no lexemes.
 */
const MARKS: ReadonlyMap<string, LexemeKind> = new Map([
  ['\u0002', LexemeKind.documentMark],
  ['\u001f', LexemeKind.scalarMark],
  ['\u0018', LexemeKind.errorMark],
])
export const MARK_CHARACTER: RegExp = new RegExp(`[${[...MARKS.keys()].join('')}]`)

export function isMark(kind: LexemeKind): boolean {
  return kind >= LexemeKind.documentMark
}

/** A lexeme is its end, which is below 2^28, and, in the lowest bits, its kind. */
const KIND_BITS = 4
const KIND_MASK = (1 << KIND_BITS) - 1

/** The lexemes of a text, in order; together they are the text. Four bytes for each, so that those of a whole tree can be kept. */
export class Lexemes implements Iterable<Lexeme> {
  static readonly none: Lexemes = new Lexemes(new Uint32Array(0), 0)
  readonly count: number
  readonly #packed: Uint32Array

  /** The first `count` of `packed`, which are not changed any more. */
  constructor(packed: Uint32Array, count: number) {
    this.#packed = packed
    this.count = count
  }

  kindAt(index: number): LexemeKind {
    return ((this.#packed[index] ?? 0) & KIND_MASK) as LexemeKind
  }

  startAt(index: number): number {
    return index === 0 ? 0 : this.endAt(index - 1)
  }

  endAt(index: number): number {
    return (this.#packed[index] ?? 0) >>> KIND_BITS
  }

  equals(other: Lexemes): boolean {
    if (this.count !== other.count) return false
    for (let index = 0; index < this.count; index++) if (this.#packed[index] !== other.#packed[index]) return false
    return true
  }

  *[Symbol.iterator](): Iterator<Lexeme> {
    for (let index = 0; index < this.count; index++) {
      yield { kind: this.kindAt(index), start: this.startAt(index), end: this.endAt(index) }
    }
  }
}

/** Configuration has a lexeme for each two to three UTF-16 units. */
const UNITS_OF_LEXEME = 2
const LEAST_CAPACITY = 16

/** Takes lexemes in the order of the text. */
export class LexemeWriter {
  #packed: Uint32Array
  #count = 0

  constructor(text: string) {
    this.#packed = new Uint32Array(Math.max(LEAST_CAPACITY, Math.ceil(text.length / UNITS_OF_LEXEME)))
  }

  get count(): number {
    return this.#count
  }

  /** Where the text ends that was taken so far. */
  get end(): number {
    return this.#count === 0 ? 0 : (this.#packed[this.#count - 1] ?? 0) >>> KIND_BITS
  }

  put(kind: LexemeKind, end: number): void {
    if (this.#count === this.#packed.length) this.#grow()
    this.#packed[this.#count++] = (end << KIND_BITS) | kind
  }

  /** Takes back so many that were put last. */
  drop(count: number): void {
    this.#count -= count
  }

  /** When all were put. */
  get lexemes(): Lexemes {
    return new Lexemes(this.#packed, this.#count)
  }

  #grow(): void {
    const packed = new Uint32Array(this.#packed.length * 2)
    packed.set(this.#packed)
    this.#packed = packed
  }
}

/** Takes what YAML's lexer says, piece by piece. */
export class LexemeRecorder {
  readonly #taken: LexemeWriter
  #isScalar = false
  #isBlock = false

  constructor(text: string) {
    this.#taken = new LexemeWriter(text)
  }

  get count(): number {
    return this.#taken.count
  }

  /** Where the text ends that was taken so far. */
  get end(): number {
    return this.#taken.end
  }

  add(source: string): LexemeKind {
    const kind = this.#kindOf(source)
    this.#taken.put(kind, isMark(kind) ? this.end : this.end + source.length)
    return kind
  }

  get lexemes(): Lexemes {
    return this.#taken.lexemes
  }

  #kindOf(source: string): LexemeKind {
    if (this.#isScalar) {
      const kind = this.#isBlock ? LexemeKind.blockScalar : LexemeKind.scalar
      this.#isScalar = false
      this.#isBlock = false
      return kind
    }
    const mark = source.length === 1 ? MARKS.get(source) : undefined
    if (mark === LexemeKind.scalarMark) this.#isScalar = true
    const kind = mark ?? kindOf(source)
    if (kind === LexemeKind.blockHeader) this.#isBlock = true
    return kind
  }
}

function kindOf(source: string): LexemeKind {
  switch (source.charAt(0)) {
    case '#':
      return LexemeKind.comment
    case '\n':
    case '\r':
      return LexemeKind.newline
    case '|':
    case '>':
      return LexemeKind.blockHeader
    case ' ':
    case '\t':
      return LexemeKind.space
    case '\ufeff':
      return LexemeKind.byteOrderMark
    case '"':
    case "'":
      return LexemeKind.scalar
    default:
      return LexemeKind.other
  }
}
