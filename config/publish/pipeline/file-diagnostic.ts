import type { Diagnostic, Severity } from '#config/lang'

/** For what is wrong with a file as a whole, or with the tree (`.`). */
export function fileDiagnostic(
  severity: Severity,
  path: string,
  words: Pick<Diagnostic, 'code' | 'message' | 'hint'>,
): Diagnostic {
  return { ...words, severity, span: { file: { path, text: '' }, start: 0, end: 0 }, related: [] }
}
