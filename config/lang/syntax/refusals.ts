import type { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'
import { MAX_DEPTH, MAX_LEXEMES, MAX_NODES } from './limits.ts'

export function refuseDepth(file: SourceFile, offset: number, diagnostics: Diagnostics): void {
  diagnostics.error({
    code: 'too-deep',
    span: { file, start: offset, end: offset + 1 },
    message: `maps and lists are nested more than ${MAX_DEPTH} deep here`,
    hint: 'nothing in the language needs that; look for a bracket or a dash too many',
  })
}

export function refuseSizeOf(file: SourceFile, offset: number, diagnostics: Diagnostics): void {
  diagnostics.error({
    code: 'too-many-values',
    span: { file, start: offset, end: offset + 1 },
    message: `the file has more values than one file may have (${MAX_NODES}); the limit is reached here`,
    hint: 'split it into several files',
  })
}

export function refuseLength(file: SourceFile, offset: number, diagnostics: Diagnostics): void {
  diagnostics.error({
    code: 'too-many-values',
    span: { file, start: offset, end: offset + 1 },
    message: `the file has more than ${MAX_LEXEMES} words, signs and line breaks; the limit is reached here`,
    hint: 'split it into several files',
  })
}
