import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { isMark, type LexemeKind, lexemesOf, type SourceFile } from '#config/lang'

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
export function stripComments(file: SourceFile): Stripped {
  const { text } = file
  if (!text.includes('#')) return { text, isComplete: true }
  const lexemes = lexemesOf(file)
  if (lexemes === undefined) return { text, isComplete: false }
  const pieces = Array.from(lexemes, ({ kind, start, end }) => ({ kind, text: text.slice(start, end) }))
  const kept = withoutComments(pieces)
  const stripped = textOf(kept)
  if (stripped === text) return { text, isComplete: true }
  if (readsAs(stripped, kept) || hasSameValues(text, stripped)) return { text: stripped, isComplete: true }
  const shrunk = pieces.map(piece => (piece.kind === 'comment' ? { ...piece, text: '#' } : piece))
  const bare = textOf(shrunk)
  return readsAs(bare, shrunk) ? { text: bare, isComplete: true } : { text, isComplete: false }
}

interface Piece {
  readonly kind: LexemeKind
  readonly text: string
}

function withoutComments(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = []
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at]
    if (piece?.kind !== 'comment') {
      if (piece !== undefined) kept.push(piece)
      continue
    }
    while (kept.at(-1)?.kind === 'space') kept.pop()
    if (isLineStart(kept) && pieces[at + 1]?.kind === 'newline') at++
  }
  return kept
}

function isLineStart(pieces: readonly Piece[]): boolean {
  const last = pieces.findLast(({ kind }) => !isMark(kind))
  return last === undefined || last.text.endsWith('\n') || last.kind === 'byte-order-mark'
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('')
}

/** YAML's parser and composer take nothing but lexemes: the same lexemes have the same values. `text` is that of `expected`. */
function readsAs(text: string, expected: readonly Piece[]): boolean {
  const lexemes = lexemesOf({ path: '', text })
  return (
    lexemes?.count === expected.length &&
    expected.every((piece, index) => {
      const { kind, start, end } = lexemes.at(index)
      return kind === piece.kind && end - start === piece.text.length
    })
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
