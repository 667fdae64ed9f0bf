import { Composer, type CST, type Document } from 'yaml'
import { Diagnostics } from '../diagnostic.ts'
import type { Node } from '../node.ts'
import type { SourceFile } from '../source.ts'
import { Converter } from './convert.ts'
import { refuseSize } from './decode.ts'
import { inspectTokens } from './inspect.ts'
import { MAX_SOURCE_BYTES } from './limits.ts'
import { readOrdinary } from './ordinary/index.ts'
import { reportControlCharacter } from './screen.ts'
import { reportSyntaxErrors } from './syntax-errors.ts'
import { tokensOf } from './tokens.ts'

export interface ParsedSource {
  /** Undefined when the file is empty or has syntax errors. */
  readonly root: Node | undefined
  /** Whether every part of the file could be read. */
  readonly isWhole: boolean
}

const BROKEN: ParsedSource = { root: undefined, isWhole: false }

const known = new WeakMap<SourceFile, { readonly parsed: ParsedSource; readonly found: Diagnostics }>()

/**
 * The value that a file holds, with the place of everything in it. YAML 1.2, core schema, one document, without tags and merge keys.
 * Bounded in time and memory for any text. Whoever asks again with the same object gets the same answer.
 */
export function parseSource(file: SourceFile, diagnostics: Diagnostics): ParsedSource {
  let answer = known.get(file)
  if (answer === undefined) {
    const found = new Diagnostics()
    answer = { parsed: parse(file, found), found }
    known.set(file, answer)
  }
  diagnostics.join(answer.found)
  return answer.parsed
}

function parse(file: SourceFile, diagnostics: Diagnostics): ParsedSource {
  const sizeBytes = Buffer.byteLength(file.text)
  if (sizeBytes > MAX_SOURCE_BYTES) {
    refuseSize(file.path, sizeBytes, diagnostics)
    return BROKEN
  }
  const ordinary = readOrdinary(file)
  if (ordinary !== undefined) return { root: ordinary.root, isWhole: true }
  return parseByLibrary(file, diagnostics)
}

/** What YAML's own parser and the language say of any text that is not too large. */
export function parseByLibrary(file: SourceFile, diagnostics: Diagnostics): ParsedSource {
  if (reportControlCharacter(file, diagnostics)) return BROKEN
  const tokens = tokensOf(file, diagnostics)
  if (tokens === undefined) return BROKEN
  const findings = inspectTokens(file, tokens, diagnostics)
  if (findings === undefined) return BROKEN
  const documents = compose(tokens, file.text.length)
  if (reportSyntaxErrors(file, { tokens, findings, documents }, diagnostics)) return BROKEN
  const errorsBefore = diagnostics.errorCount
  const { node } = new Converter(file, diagnostics).convert(documents[0]?.contents)
  const isEmpty = node.kind === 'scalar' && node.value === null && node.source === ''
  return { root: isEmpty ? undefined : node, isWhole: diagnostics.errorCount === errorsBefore }
}

/**
 * The parser makes an error object, with its stack, for each of perhaps a hundred thousand errors; without the stack that takes a
 * tenth of the time.
 */
function compose(tokens: readonly CST.Token[], length: number): Document.Parsed[] {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    const composer = new Composer({ version: '1.2', schema: 'core', merge: false, uniqueKeys: false, stringKeys: true })
    return Array.from(composer.compose(tokens, true, length))
  } finally {
    Error.stackTraceLimit = limit
  }
}
