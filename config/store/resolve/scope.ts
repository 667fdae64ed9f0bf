import { type MapEntry, plainOf, type Value, type Variables } from '#config/lang'
import {
  type Common,
  type ConfigStore,
  type Crate,
  dependenciesOf,
  type Entry,
  type Environment,
  folderChain,
} from '../tree/index.ts'

/** One place that sets variables. */
export interface Layer {
  readonly kind: 'environment' | 'entry' | 'common' | 'crate' | 'dependency'
  /** `environment 'production' of customerA/`: for people. */
  readonly title: string
  readonly vars: Variables
}

/** What sets variables of a host for all its crates, the strongest first. `environments`, `commons`: from the top down. */
export function carriedLayers(
  { declaration }: Entry,
  environments: readonly Environment[],
  commons: readonly Common[],
): Layer[] {
  return [
    ...environments.toReversed().map(
      (block): Layer => ({
        kind: 'environment',
        title: `environment '${block.declaration.name.value}' of ${shownFolder(block.folder)}`,
        vars: block.declaration.vars,
      }),
    ),
    { kind: 'entry', title: `entry '${declaration.match.value}'`, vars: declaration.vars },
    ...commons.toReversed().map(
      (common): Layer => ({
        kind: 'common',
        title: `common.vgo of ${shownFolder(common.folder)}`,
        vars: common.declaration.vars,
      }),
    ),
  ]
}

/** Default variables that a crate sees, its own before those of the crates that it depends on, nearest first. */
export function defaultLayers(crate: Crate): Layer[] {
  return [
    { kind: 'crate', title: `default of ${crate.kind} '${crate.name}'`, vars: crate.declaration.vars },
    ...dependenciesOf(crate).map(
      ({ name, kind, declaration }): Layer => ({
        kind: 'dependency',
        title: `default of ${kind} '${name}', which '${crate.name}' depends on`,
        vars: declaration.vars,
      }),
    ),
  ]
}

/** From the top down to the folder. */
export function commonsOf(store: ConfigStore, folder: string) {
  return folderChain(folder)
    .map(above => store.commons.get(above))
    .filter(common => common !== undefined)
}

/** The strongest value of each variable. */
export function mergeLayers(layers: readonly Pick<Layer, 'vars'>[]): ReadonlyMap<string, Value> {
  const merged = new Map<string, Value>()
  for (const { vars } of layers) {
    for (const [name, entry] of vars) if (!merged.has(name)) merged.set(name, variableValue(entry))
  }
  return merged
}

const values = new WeakMap<MapEntry, Value>()

/** The value of a variable; the same one whenever it is asked for. */
export function variableValue(entry: MapEntry): Value {
  let value = values.get(entry)
  if (value === undefined) {
    value = plainOf(entry.value)
    values.set(entry, value)
  }
  return value
}

function shownFolder(folder: string): string {
  return folder === '' ? 'the top folder' : `${folder}/`
}
