import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { type Lexeme, lexemesOf } from './lexemes.ts'

const BYTE_ORDER_MARK = '\ufeff'

export interface Stripped {
  readonly text: string
  /** False where comments stay, because without them the text could not be shown to mean the same. */
  readonly isComplete: boolean
}

/**
 * The YAML text without its comments: lines that are only a comment go, with their line ending, other comments go with the blanks before
 * them. A `#` in a quoted or block scalar is content. Every other byte stays.
 *
 * The result is proven: either YAML's lexer reads from it what it read before but for the comments, or its values are equal. A comment
 * whose removal would change a value (between a block scalar that keeps its final lines and a blank line) shrinks to `#`.
 */
export function stripComments(text: string): Stripped {
  if (!text.includes('#')) return { text, isComplete: true }
  const lexemes = lexemesOf(text)
  if (lexemes === null) return { text, isComplete: false }
  const kept = withoutComments(lexemes)
  const stripped = textOf(kept)
  if (stripped === text) return { text, isComplete: true }
  if (readsAs(stripped, kept) || hasSameValues(text, stripped)) return { text: stripped, isComplete: true }
  const shrunk = lexemes.map(lexeme => (lexeme.kind === 'comment' ? { ...lexeme, text: '#' } : lexeme))
  const bare = textOf(shrunk)
  return readsAs(bare, shrunk) ? { text: bare, isComplete: true } : { text, isComplete: false }
}

function withoutComments(lexemes: readonly Lexeme[]): Lexeme[] {
  const kept: Lexeme[] = []
  for (let at = 0; at < lexemes.length; at++) {
    const lexeme = lexemes[at]
    if (lexeme?.kind !== 'comment') {
      if (lexeme !== undefined) kept.push(lexeme)
      continue
    }
    while (kept.at(-1)?.kind === 'space') kept.pop()
    if (isLineStart(kept) && lexemes[at + 1]?.kind === 'newline') at++
  }
  return kept
}

function isLineStart(lexemes: readonly Lexeme[]): boolean {
  const last = lexemes.findLast(({ kind }) => kind !== 'mark')
  return last === undefined || last.text.endsWith('\n') || last.text === BYTE_ORDER_MARK
}

function textOf(lexemes: readonly Lexeme[]): string {
  return lexemes.map(({ text }) => text).join('')
}

/** YAML's parser and composer take nothing but lexemes: equal lexemes have equal values. */
function readsAs(text: string, expected: readonly Lexeme[]): boolean {
  const lexemes = lexemesOf(text)
  return (
    lexemes !== null &&
    lexemes.length === expected.length &&
    lexemes.every(({ kind, text: own }, at) => kind === expected[at]?.kind && own === expected[at].text)
  )
}

function hasSameValues(before: string, after: string): boolean {
  try {
    return isDeepStrictEqual(valuesOf(before), valuesOf(after))
  } catch {
    return false
  }
}

/** @throws for what has no values: errors, bombs of aliases */
function valuesOf(text: string): unknown[] {
  return [...parseAllDocuments(text, { logLevel: 'silent' })].map(document => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS({ maxAliasCount: 100 })
  })
}
