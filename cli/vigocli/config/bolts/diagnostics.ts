import type { Diagnostic } from '#config/lang'
import type { TreeFile } from '#config/store'
import type { DiagnosticRow } from '#node/api'

/** What a server found, its place again in the file that it is about, where that is one of these. */
export function diagnosticOf(row: DiagnosticRow, files: readonly TreeFile[]): Diagnostic {
  const { path, line, column, code, severity, message, hint } = row
  const found = files.find(file => file.path === path)
  const text = found === undefined ? '' : Buffer.from(found.bytes).toString('utf8')
  const before = text.split('\n').slice(0, line - 1)
  const start = Math.min(before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1, text.length)
  return { code, severity, message, hint, span: { file: { path, text }, start, end: start }, related: [] }
}
