import { type CST, Lexer, Parser } from 'yaml'
import type { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'
import { MAX_DEPTH, MAX_LEXEMES, MAX_SYNTAX_ERRORS } from './limits.ts'
import { refuseDepth, refuseLength } from './refusals.ts'

/** Announces that the next lexeme is the text of a scalar. */
const SCALAR_FOLLOWS = '\u001f'

/** Stand for no text of the file: a document starts, a flow collection ends in error. */
const MARKERS: ReadonlySet<string> = new Set(['\u0002', '\u0018'])

/**
 * The concrete syntax of a file, token by token. Ends with a diagnostic, and undefined, as soon as the file is larger or deeper than
 * the language allows: the work is bounded before the parser sees the rest.
 */
export function tokensOf(file: SourceFile, diagnostics: Diagnostics): CST.Token[] | undefined {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let lexemes = 0
  let offset = 0
  let flowDepth = 0
  let isScalar = false
  let errors = 0
  const add = (token: CST.Token): void => {
    if (token.type !== 'error' || errors++ < MAX_SYNTAX_ERRORS) tokens.push(token)
  }
  for (const lexeme of new Lexer().lex(file.text)) {
    if (++lexemes > MAX_LEXEMES) {
      refuseLength(file, offset, diagnostics)
      return undefined
    }
    if (!isScalar && (lexeme === '[' || lexeme === '{') && ++flowDepth > MAX_DEPTH) {
      refuseDepth(file, offset, diagnostics)
      return undefined
    }
    if (!isScalar && (lexeme === ']' || lexeme === '}')) flowDepth = Math.max(0, flowDepth - 1)
    isScalar = lexeme === SCALAR_FOLLOWS
    if (!isScalar && !MARKERS.has(lexeme)) offset += lexeme.length
    for (const token of parser.next(lexeme)) add(token)
  }
  for (const token of parser.end()) add(token)
  return tokens
}
