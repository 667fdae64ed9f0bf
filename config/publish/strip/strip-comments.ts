import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { isMark, LexemeKind, type Lexemes, LexemeWriter, lexemesOf, lexemesOfText, type SourceFile } from '#config/lang'

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
  const stripped = withoutComments(text, lexemes)
  if (stripped.text === text) return { text, isComplete: true }
  if (isAsExpected(stripped) || hasSameValues(text, stripped.text)) return { text: stripped.text, isComplete: true }
  const bare = withBareComments(text, lexemes)
  return isAsExpected(bare) ? { text: bare.text, isComplete: true } : { text, isComplete: false }
}

/** A text, and the lexemes that it should have. */
interface Expected {
  readonly text: string
  readonly lexemes: Lexemes
}

function withoutComments(text: string, lexemes: Lexemes): Expected {
  const kept = new LexemeWriter(text)
  let stripped = ''
  let from = 0
  for (let at = 0; at < lexemes.count; at++) {
    const kind = lexemes.kindAt(at)
    if (kind !== LexemeKind.comment) {
      kept.put(kind, stripped.length + lexemes.endAt(at) - from)
      continue
    }
    const first = withBlanksBefore(at, lexemes)
    kept.drop(at - first)
    stripped += text.slice(from, lexemes.startAt(first))
    if (isLineStart(first, text, lexemes) && lexemes.kindAt(at + 1) === LexemeKind.newline) at++
    from = lexemes.endAt(at)
  }
  return { text: stripped + text.slice(from), lexemes: kept.lexemes }
}

function withBareComments(text: string, lexemes: Lexemes): Expected {
  const kept = new LexemeWriter(text)
  let bare = ''
  let from = 0
  for (let at = 0; at < lexemes.count; at++) {
    const kind = lexemes.kindAt(at)
    if (kind === LexemeKind.comment) {
      bare += `${text.slice(from, lexemes.startAt(at))}#`
      from = lexemes.endAt(at)
    }
    kept.put(kind, bare.length + lexemes.endAt(at) - from)
  }
  return { text: bare + text.slice(from), lexemes: kept.lexemes }
}

function withBlanksBefore(comment: number, lexemes: Lexemes): number {
  let first = comment
  while (first > 0 && lexemes.kindAt(first - 1) === LexemeKind.space) first--
  return first
}

/** Whether a line starts with the lexeme, or the text. */
function isLineStart(index: number, text: string, lexemes: Lexemes): boolean {
  let before = index - 1
  while (before >= 0 && isMark(lexemes.kindAt(before))) before--
  if (before < 0 || lexemes.kindAt(before) === LexemeKind.byteOrderMark) return true
  return text.slice(lexemes.startAt(before), lexemes.endAt(before)).endsWith('\n')
}

/** YAML's parser and composer take nothing but lexemes: the same lexemes have the same values. */
function isAsExpected({ text, lexemes }: Expected): boolean {
  return lexemesOfText(text)?.equals(lexemes) === true
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
