import type { LintResult } from '../lint.ts'
import { Regions } from './region.ts'
import { type FormatOptions, isChanged, summaryOf } from './summary.ts'

/** For programs: one JSON value, `version` 1; keys may be added later. Ends with a line feed. */
export function formatJson(results: readonly LintResult[], { isFixed = false }: FormatOptions = {}): string {
  const regions = new Regions()
  const report = {
    version: 1,
    summary: summaryOf(results),
    files: results.map(result => ({
      path: result.source.path,
      changed: isChanged(result),
      fixed: isFixed && isChanged(result),
      refused: result.refused ?? null,
      changes: result.changes,
      diagnostics: result.diagnostics.map(({ code, severity, message, hint, span, related }) => ({
        code,
        severity,
        message,
        hint,
        path: span.file.path,
        ...regions.of(span),
        related: related.map(note => ({ message: note.message, path: note.span.file.path, ...regions.of(note.span) })),
      })),
      leftOut: result.leftOut,
    })),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}
