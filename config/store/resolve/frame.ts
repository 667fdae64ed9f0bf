import type { Span, Value } from '#config/lang'
import type { Common, ConfigStore, Entry, Environment } from '../tree/index.ts'
import { environmentChain } from '../tree/index.ts'
import { carriedLayers, commonsOf, type Layer, mergeLayers } from './scope.ts'

/** What is known of the hosts of an entry before any trait is. */
export interface Frame {
  readonly entry: Entry
  /** From the top down. */
  readonly commons: readonly Common[]
  /** The blocks of the entry's environment, from the top down. */
  readonly environments: readonly Environment[]
  /** The strongest first. */
  readonly layers: readonly Layer[]
  /** What those set, to be put before the defaults of a crate. */
  readonly variables: ReadonlyMap<string, Value>
  /** Configcrates that the environment takes away, and where it says so. */
  readonly excluded: ReadonlyMap<string, Span>
}

const frames = new WeakMap<ConfigStore, Map<Entry, Frame>>()

export function frameOf(store: ConfigStore, entry: Entry): Frame {
  const known = frames.get(store) ?? new Map<Entry, Frame>()
  frames.set(store, known)
  let frame = known.get(entry)
  if (frame === undefined) {
    frame = newFrame(store, entry)
    known.set(entry, frame)
  }
  return frame
}

function newFrame(store: ConfigStore, entry: Entry): Frame {
  const { declaration, folder } = entry
  const name = declaration.environment?.value
  const environments = name === undefined ? [] : environmentChain(store.environments, folder, name)
  const commons = commonsOf(store, folder)
  const layers = carriedLayers(entry, environments, commons)
  return {
    entry,
    commons,
    environments,
    layers,
    variables: mergeLayers(layers),
    excluded: excludedBy(environments),
  }
}

/** A deeper block takes back what a higher one excludes by naming it in its `configcrates`. */
function excludedBy(environments: readonly Environment[]): ReadonlyMap<string, Span> {
  const excluded = new Map<string, Span>()
  for (const { declaration } of environments) {
    for (const { value } of declaration.configcrates) excluded.delete(value)
    for (const { value, span } of declaration.excludeConfigcrates) excluded.set(value, span)
  }
  return excluded
}
