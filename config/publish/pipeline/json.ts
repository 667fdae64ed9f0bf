import { type Diagnostic, positionOf, type Span } from '#config/lang'
import type { PublishResult } from './types.ts'

/** The result as JSON shows it: places as path, line and column instead of whole files. */
export function publishJson(result: PublishResult): object {
  const { diagnostics, probes, ...rest } = result
  return {
    ...rest,
    diagnostics: diagnostics.map(diagnosticJson),
    probes: probes.map(({ spans, ...probe }) => ({ ...probe, places: spans.map(placeJson) })),
  }
}

export function diagnosticJson({ code, severity, message, hint, span, related }: Diagnostic): object {
  const others = related.map(({ span: other, message: note }) => ({ ...placeJson(other), message: note }))
  return { code, severity, ...placeJson(span), message, hint, related: others }
}

function placeJson(span: Span): { path: string; line: number; column: number } {
  return { path: span.file.path, ...positionOf(span) }
}
