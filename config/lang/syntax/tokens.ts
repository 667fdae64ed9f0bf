import { type CST, Lexer, Parser } from 'yaml'
import { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'
import { LexemeKind, LexemeRecorder, type Lexemes, MARK_CHARACTER } from './lexemes.ts'
import { MAX_DEPTH, MAX_LEXEMES, MAX_SYNTAX_ERRORS } from './limits.ts'
import { ordinaryLexemes, readOrdinary } from './ordinary/index.ts'
import { refuseDepth, refuseLength } from './refusals.ts'

const lexed = new WeakMap<SourceFile, Lexemes>()

/** Tokens are heavy: those of one file are kept, for whoever looks at it next. */
let latest: { readonly file: SourceFile; readonly tokens: readonly CST.Token[] } | undefined

/**
 * The concrete syntax of a file, token by token. Ends with a diagnostic, and undefined, as soon as the file is larger or deeper than
 * the language allows: the work is bounded before the parser sees the rest. They are nobody's to change.
 */
export function tokensOf(file: SourceFile, diagnostics: Diagnostics): readonly CST.Token[] | undefined {
  if (latest?.file === file) return latest.tokens
  const tokens = readTokens(file, diagnostics)
  if (tokens !== undefined) latest = { file, tokens }
  return tokens
}

/** The lexemes of a file; undefined when it is larger or deeper than the language allows, or has characters of the lexer's own. */
export function lexemesOf(file: SourceFile): Lexemes | undefined {
  return readOrdinary(file)?.lexemes ?? lexemesByLibrary(file)
}

/** `lexemesOf` for a text whose values nobody wants. */
export function lexemesOfText(text: string): Lexemes | undefined {
  return ordinaryLexemes(text) ?? lexemesByLibrary({ path: '', text })
}

export function lexemesByLibrary(file: SourceFile): Lexemes | undefined {
  if (!lexed.has(file) && !MARK_CHARACTER.test(file.text)) lex(file, new Diagnostics(), () => undefined)
  return lexed.get(file)
}

function readTokens(file: SourceFile, diagnostics: Diagnostics): CST.Token[] | undefined {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let errors = 0
  const add = (token: CST.Token): void => {
    if (token.type !== 'error' || errors++ < MAX_SYNTAX_ERRORS) tokens.push(token)
  }
  const isWhole = lex(file, diagnostics, source => {
    for (const token of parser.next(source)) add(token)
  })
  if (!isWhole) return undefined
  for (const token of parser.end()) add(token)
  return tokens
}

/** False, after a diagnostic, when the file has more than may be looked at. */
function lex(file: SourceFile, diagnostics: Diagnostics, take: (source: string) => void): boolean {
  const recorder = new LexemeRecorder(file.text)
  let flowDepth = 0
  for (const source of new Lexer().lex(file.text)) {
    const start = recorder.end
    const kind = recorder.add(source)
    if (recorder.count > MAX_LEXEMES) {
      refuseLength(file, start, diagnostics)
      return false
    }
    if (kind === LexemeKind.other && (source === '[' || source === '{') && ++flowDepth > MAX_DEPTH) {
      refuseDepth(file, start, diagnostics)
      return false
    }
    if (kind === LexemeKind.other && (source === ']' || source === '}')) flowDepth = Math.max(0, flowDepth - 1)
    take(source)
  }
  lexed.set(file, recorder.lexemes)
  return true
}
