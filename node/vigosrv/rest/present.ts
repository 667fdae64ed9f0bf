import { type Diagnostic, positionOf } from '#config/lang'
import type { ConfigVersion, DiagnosticRow } from '#node/api'
import type { Policy } from '../policy/index.ts'

/** Beyond these nobody reads. */
const MAX_DIAGNOSTICS = 100

/** A place instead of the whole file. */
export function diagnosticRows(diagnostics: readonly Diagnostic[]): DiagnosticRow[] {
  return diagnostics.slice(0, MAX_DIAGNOSTICS).map(({ code, severity, message, hint, span }) => ({
    code,
    severity,
    path: span.file.path,
    ...positionOf(span),
    message,
    hint,
  }))
}

export function configVersion({ version, release, loadedAt, problem }: Policy): ConfigVersion {
  return {
    version,
    release,
    loadedAt,
    problem:
      problem === null
        ? null
        : { at: problem.at, message: problem.message, diagnostics: diagnosticRows(problem.diagnostics) },
  }
}
