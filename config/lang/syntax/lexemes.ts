const KINDS = [
  'comment',
  'space',
  'newline',
  'scalar',
  'block-scalar',
  'block-header',
  'byte-order-mark',
  'other',
  'document-mark',
  'scalar-mark',
  'error-mark',
] as const

export type LexemeKind = (typeof KINDS)[number]

/** A stretch of a text that YAML's grammar takes as one. Offsets of the text; a mark has no length. */
export interface Lexeme {
  readonly kind: LexemeKind
  readonly start: number
  readonly end: number
}

const CODES = Object.fromEntries(KINDS.map((kind, code) => [kind, code])) as Readonly<Record<LexemeKind, number>>

/**
 * What the lexer tells by characters that stand for no text: a document starts, a scalar follows, a flow collection ends in error. A text
 * that has such a character itself has no lexemes.
 */
const MARKS: ReadonlyMap<string, LexemeKind> = new Map([
  ['\u0002', 'document-mark'],
  ['\u001f', 'scalar-mark'],
  ['\u0018', 'error-mark'],
])
export const MARK_CHARACTER: RegExp = new RegExp(`[${[...MARKS.keys()].join('')}]`)

export function isMark(kind: LexemeKind): boolean {
  return kind === 'document-mark' || kind === 'scalar-mark' || kind === 'error-mark'
}

/** The lexemes of a text, in order; together they are the text. Five bytes for each, so that those of a whole tree can be kept. */
export class Lexemes implements Iterable<Lexeme> {
  readonly #kinds: Uint8Array
  readonly #ends: Uint32Array

  constructor(kinds: readonly number[], ends: readonly number[]) {
    this.#kinds = new Uint8Array(kinds)
    this.#ends = new Uint32Array(ends)
  }

  get count(): number {
    return this.#kinds.length
  }

  at(index: number): Lexeme {
    const kind = KINDS[this.#kinds[index] ?? -1]
    if (kind === undefined) throw new RangeError(`there is no lexeme ${index}`)
    return { kind, start: index === 0 ? 0 : (this.#ends[index - 1] ?? 0), end: this.#ends[index] ?? 0 }
  }

  /** Those that stand for text. */
  get withoutMarks(): Lexeme[] {
    const all: Lexeme[] = []
    for (let index = 0; index < this.count; index++) {
      const lexeme = this.at(index)
      if (!isMark(lexeme.kind)) all.push(lexeme)
    }
    return all
  }

  *[Symbol.iterator](): Iterator<Lexeme> {
    for (let index = 0; index < this.count; index++) yield this.at(index)
  }
}

/** Takes lexemes in the order of the text. */
export class LexemeWriter {
  readonly #kinds: number[] = []
  readonly #ends: number[] = []

  get count(): number {
    return this.#kinds.length
  }

  /** Where the text ends that was taken so far. */
  get end(): number {
    return this.#ends.at(-1) ?? 0
  }

  put(kind: LexemeKind, end: number): void {
    this.#kinds.push(CODES[kind])
    this.#ends.push(end)
  }

  get lexemes(): Lexemes {
    return new Lexemes(this.#kinds, this.#ends)
  }
}

/** Takes what YAML's lexer says, piece by piece. */
export class LexemeRecorder {
  readonly #taken = new LexemeWriter()
  #isScalar = false
  #isBlock = false

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
      const kind = this.#isBlock ? 'block-scalar' : 'scalar'
      this.#isScalar = false
      this.#isBlock = false
      return kind
    }
    const mark = source.length === 1 ? MARKS.get(source) : undefined
    if (mark === 'scalar-mark') this.#isScalar = true
    const kind = mark ?? kindOf(source)
    if (kind === 'block-header') this.#isBlock = true
    return kind
  }
}

function kindOf(source: string): LexemeKind {
  switch (source.charAt(0)) {
    case '#':
      return 'comment'
    case '\n':
    case '\r':
      return 'newline'
    case '|':
    case '>':
      return 'block-header'
    case ' ':
    case '\t':
      return 'space'
    case '\ufeff':
      return 'byte-order-mark'
    case '"':
    case "'":
      return 'scalar'
    default:
      return 'other'
  }
}
