import { Lexer } from 'yaml'

/** A stretch of the text that YAML's grammar takes as one. Offsets of the text. */
export interface Lexeme {
  readonly kind: 'comment' | 'space' | 'newline' | 'scalar' | 'block-scalar' | 'block-header' | 'other'
  readonly start: number
  readonly end: number
}

/** What the lexer says by marks that stand for no text: a document starts, a scalar follows, a flow ends in error. */
const SCALAR_FOLLOWS = '\u001f'
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', SCALAR_FOLLOWS])

/** As many as the reader takes of one file. */
const MAX_LEXEMES = 500_000

export interface Lexed {
  readonly lexemes: readonly Lexeme[]
  /** What YAML's parser takes: the texts of the lexemes, and marks between them. */
  readonly sources: readonly string[]
}

/** The lexemes of a text without control characters, in order. Undefined when there are more than a file of the language may have. */
export function lexemesOf(text: string): Lexed | undefined {
  const lexemes: Lexeme[] = []
  const sources: string[] = []
  let isScalar = false
  let isBlock = false
  let start = 0
  for (const source of new Lexer().lex(text)) {
    if (sources.push(source) > MAX_LEXEMES) return undefined
    if (!isScalar && MARKS.has(source)) {
      isScalar = source === SCALAR_FOLLOWS
      continue
    }
    const end = start + source.length
    const kind = isScalar ? (isBlock ? 'block-scalar' : 'scalar') : kindOf(source)
    if (isScalar) isBlock = false
    else if (kind === 'block-header') isBlock = true
    lexemes.push({ kind, start, end })
    isScalar = false
    start = end
  }
  return { lexemes, sources }
}

function kindOf(source: string): Lexeme['kind'] {
  const [first] = source
  if (first === '#') return 'comment'
  if (first === '\n' || first === '\r') return 'newline'
  if (first === '|' || first === '>') return 'block-header'
  if (first === ' ' || first === '\t' || first === '\ufeff') return 'space'
  return first === '"' || first === "'" ? 'scalar' : 'other'
}
