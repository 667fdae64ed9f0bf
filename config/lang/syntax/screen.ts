import type { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'

const CONTROL_CHARACTER = /(?![\t\n\r\u{85}])\p{Cc}|\r(?!\n)/u

/** Reports a character that no text has. Whether there was one. */
export function reportControlCharacter(file: SourceFile, diagnostics: Diagnostics): boolean {
  const at = file.text.search(CONTROL_CHARACTER)
  if (at < 0) return false
  const code = file.text.charCodeAt(at)
  const isReturn = code === 0x0d
  const named = `the control character U+${code.toString(16).padStart(4, '0').toUpperCase()}`
  diagnostics.error({
    code: 'not-text',
    span: { file, start: at, end: at + 1 },
    message: `the file contains ${isReturn ? 'a carriage return without a line feed' : named}`,
    hint: isReturn
      ? "save it with line feeds; 'vigocli config lint --fix' does"
      : 'take it away; a binary file does not belong below stacks under the name of a .vgo file',
  })
  return true
}
