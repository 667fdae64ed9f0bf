import type { Diagnostic, Span } from '#config/lang'
import { defaultLayers, type Frame, type Layer } from '../resolve/index.ts'
import type { Crate } from '../tree/index.ts'
import type { Problem } from './problem.ts'

/** The problem as an error that says which host it is told for, and where the values come from that led to it. */
export function diagnosticOf(
  { variables = [], related = [], ...problem }: Problem,
  frame: Frame,
  crate: Crate | undefined,
): Diagnostic {
  const { match } = frame.entry.declaration
  const layers = [...frame.layers, ...(crate === undefined ? [] : defaultLayers(crate))]
  const origins = [...new Set(variables)].flatMap(name => {
    const span = originOf(layers, name)
    return span === undefined ? [] : [{ span, message: `'${name.slice(0, 80)}' is set here` }]
  })
  return {
    ...problem,
    severity: 'error',
    related: [
      ...related,
      ...origins.slice(0, 4),
      { span: match.span, message: `for hosts that '${match.value}' matches` },
    ],
  }
}

function originOf(layers: readonly Layer[], name: string): Span | undefined {
  return layers.map(({ vars }) => vars.get(name)?.keySpan).find(span => span !== undefined)
}
