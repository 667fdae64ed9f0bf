import { Lexer } from 'yaml'

/** What YAML's lexer tells by marks that stand for no text: begin of a document, of a scalar, an error in a flow. */
const SCALAR = '\u001f'
const MARKS = new Set(['\u0002', '\u0018', SCALAR])
const MARK_CHARACTERS = new RegExp(`[${[...MARKS].join('')}]`)

/** A stretch of the text that YAML's grammar takes as one. */
export interface Lexeme {
  readonly kind: 'comment' | 'space' | 'newline' | 'mark' | 'other'
  readonly text: string
}

const MARK: Lexeme = { kind: 'mark', text: '' }

/** The lexemes of a YAML text, in order; together their texts are the text. Null for a text that has the lexer's own marks in it. */
export function lexemesOf(text: string): Lexeme[] | null {
  if (MARK_CHARACTERS.test(text)) return null
  const lexemes: Lexeme[] = []
  let isScalar = false
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme.length === 1 && MARKS.has(lexeme)) lexemes.push(MARK)
    else lexemes.push({ kind: isScalar ? 'other' : kindOf(lexeme), text: lexeme })
    isScalar = lexeme === SCALAR
  }
  return lexemes
}

function kindOf(lexeme: string): Lexeme['kind'] {
  const first = lexeme[0]
  if (first === '#') return 'comment'
  if (first === ' ' || first === '\t') return /^[ \t]+$/.test(lexeme) ? 'space' : 'other'
  return lexeme === '\n' || lexeme === '\r\n' ? 'newline' : 'other'
}
