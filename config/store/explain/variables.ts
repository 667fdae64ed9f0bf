import { placeOf, type Value } from '#config/lang'
import { defaultLayers, type Frame, type Layer, variableValue } from '../resolve/index.ts'
import type { Crate } from '../tree/index.ts'
import { shownVariable } from './shown.ts'

/** A variable as a crate of a host sees it, and everything that wanted to be its value. */
export interface TracedVariable {
  readonly name: string
  readonly value: string
  /** What set it: `environment 'production' of customerA/`. */
  readonly origin: string
  readonly place: string
  readonly losers: readonly LostValue[]
}

export interface LostValue {
  readonly value: string
  readonly origin: string
  readonly place: string
  readonly reason: string
}

/** All variables that a crate of the host sees, sorted by name. `hidden` are those whose values are not shown. */
export function traceVariables(
  frame: Frame,
  crate: Crate,
  wanted: (name: string) => boolean,
  hidden: ReadonlySet<string>,
): TracedVariable[] {
  const layers = [...frame.layers, ...defaultLayers(crate)]
  const names = new Set(layers.flatMap(({ vars }) => [...vars.keys()]))
  return Array.from(names)
    .filter(wanted)
    .sort()
    .flatMap(name => traceVariable(name, layers, hidden))
}

function traceVariable(name: string, layers: readonly Layer[], hidden: ReadonlySet<string>): TracedVariable[] {
  const setting = layers.flatMap(layer => {
    const entry = layer.vars.get(name)
    return entry === undefined ? [] : [{ layer, entry, value: variableValue(entry) }]
  })
  const [winner, ...losers] = setting
  if (winner === undefined) return []
  const show = (value: Value) => shownVariable(name, value, hidden)
  return [
    {
      name,
      value: show(winner.value),
      origin: winner.layer.title,
      place: placeOf(winner.entry.keySpan),
      losers: losers.map(({ layer, entry, value }) => ({
        value: show(value),
        origin: layer.title,
        place: placeOf(entry.keySpan),
        reason: reasonFor(winner.layer.kind, layer.kind),
      })),
    },
  ]
}

const STRENGTH: Readonly<Record<Layer['kind'], string>> = {
  environment: 'an environment',
  entry: 'the entry that matches the host',
  common: 'common.vgo',
  crate: "the crate's own default",
  dependency: 'a default of a crate that it depends on',
}

function reasonFor(winner: Layer['kind'], loser: Layer['kind']): string {
  if (winner !== loser) return `${STRENGTH[winner]} beats ${STRENGTH[loser]}`
  return winner === 'dependency'
    ? 'a nearer dependency beats one that is further away'
    : 'a deeper folder beats one above it'
}
