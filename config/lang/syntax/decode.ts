import type { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'
import { MAX_SOURCE_BYTES } from './limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a file, or a diagnostic when it is none. A byte order mark stays: the linter takes it away.
 * Whoever reads files asks for their size first and calls `refuseSize` instead of reading 100 MB.
 */
export function decodeSource(path: string, bytes: Uint8Array, diagnostics: Diagnostics): SourceFile | undefined {
  if (bytes.byteLength > MAX_SOURCE_BYTES) {
    refuseSize(path, bytes.byteLength, diagnostics)
    return undefined
  }
  try {
    return { path, text: utf8.decode(bytes) }
  } catch {
    const offset = firstInvalid(bytes)
    diagnostics.error({
      code: 'not-text',
      span: wholeFile(path),
      message: `the file is not UTF-8 text: ${offset < bytes.byteLength ? `byte ${offset + 1} is not part of a character` : 'its last character is cut off'}`,
      hint: 'save it as UTF-8; a binary file does not belong below stacks under the name of a .vgo or .tmpl file',
    })
    return undefined
  }
}

/** Says that a file is too large to be read. */
export function refuseSize(path: string, sizeBytes: number, diagnostics: Diagnostics): void {
  diagnostics.error({
    code: 'file-too-large',
    span: wholeFile(path),
    message: `the file has ${sizeBytes} bytes; a file of the stacks tree has at most ${MAX_SOURCE_BYTES} (1 MiB)`,
    hint: 'split it into several files; large contents go into a template, or into an artifact that a resource fetches',
  })
}

function wholeFile(path: string) {
  return { file: { path, text: '' }, start: 0, end: 0 }
}

/** Offset of the first byte that is no UTF-8: the decoder keeps what may still become a character. */
function firstInvalid(bytes: Uint8Array): number {
  let from = 0
  let to = bytes.byteLength
  while (from < to) {
    const middle = (from + to + 1) >>> 1
    if (startsValid(bytes.subarray(0, middle))) from = middle
    else to = middle - 1
  }
  return from
}

function startsValid(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}
