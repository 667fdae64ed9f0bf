import { type CrateDeclaration, formatWhen, memberOf, type Value, type ValueMap } from '#config/lang'
import { type Condition, defaultLayers, mergeLayers } from '../resolve/index.ts'
import type { ConfigStore, Crate } from '../tree/index.ts'
import { type CompiledCrate, compileCrate } from './crate.ts'
import { type Sample, TemplateData } from './data.ts'
import { DecisionTree } from './decision-tree.ts'
import { prepare } from './prepared.ts'
import { foundAs, type Read, ReadLog } from './reads.ts'
import { isStillMeant, stampCached } from './stamp-cache.ts'

/** What a crate is compiled for. */
export interface CrateInputs {
  /** What entries, `common.vgo` and environments set. */
  readonly carried: ReadonlyMap<string, Value>
  readonly traits: ValueMap
  readonly condition: Condition
  /** For nobody in particular: the traits are those of a sample, and nothing is left out for them. */
  readonly sample: Sample | undefined
  /** Where the traits that were looked at are noted. */
  readonly log: ReadLog
}

const caches = new WeakMap<ConfigStore, CrateCache>()

export function crateCacheOf(store: ConfigStore): CrateCache {
  let cache = caches.get(store)
  if (cache === undefined) {
    cache = new CrateCache(store)
    caches.set(store, cache)
  }
  return cache
}

/** By what declares them: a crate that did not change is compiled once for all trees that have it. */
const trees = new WeakMap<CrateDeclaration, Map<string, DecisionTree<CompiledCrate>>>()

/** Crates of one tree, compiled once for all hosts that cannot be told apart by what the crate reads. */
export class CrateCache {
  readonly #store: ConfigStore
  readonly #defaults = new Map<Crate, ReadonlyMap<string, Value>>()

  constructor(store: ConfigStore) {
    this.#store = store
  }

  compile(crate: Crate, inputs: CrateInputs): CompiledCrate {
    const compiled = this.#compile(crate, inputs)
    if (compiled.readsTraits) inputs.log.readTraits = true
    return compiled
  }

  #compile(crate: Crate, inputs: CrateInputs): CompiledCrate {
    const tree = treeOf(crate, inputs)
    const defaults = this.#defaultsOf(crate)
    const known = tree.find(read => find(read, defaults, inputs))
    if (known !== undefined && isOf(known, this.#store)) return known
    const log = new ReadLog()
    const variables = new Map([...defaults, ...inputs.carried])
    const isLenient = inputs.sample !== undefined
    const compiled = compileCrate(prepare(crate.declaration), {
      data: new TemplateData({ variables, traits: inputs.traits, sample: inputs.sample }, log),
      templates: this.#store.templates,
      condition: inputs.condition,
      keepsAll: isLenient,
      stamp: (...resource) => stampCached(inputs.sample, ...resource),
    })
    // A made-up trait is found again by nobody: samples are told apart by their names instead.
    const kept = log.reads.map((read, at) => ({ read, found: log.found[at] ?? '' }))
    const own = isLenient ? kept.filter(({ read }) => read.namespace === 'Vars') : kept
    for (const { read } of own) if (read.namespace === 'Traits') noteTrait(read, inputs)
    tree.add(
      own.map(({ read }) => read),
      own.map(({ found }) => found),
      compiled,
    )
    return compiled
  }

  #defaultsOf(crate: Crate): ReadonlyMap<string, Value> {
    let defaults = this.#defaults.get(crate)
    if (defaults === undefined) {
      defaults = mergeLayers(defaultLayers(crate))
      this.#defaults.set(crate, defaults)
    }
    return defaults
  }
}

function treeOf({ declaration }: Crate, { condition, sample }: CrateInputs): DecisionTree<CompiledCrate> {
  const known = trees.get(declaration) ?? new Map<string, DecisionTree<CompiledCrate>>()
  trees.set(declaration, known)
  const key = typeof condition === 'boolean' ? keyOf(sample) : `${keyOf(sample)}\n${formatWhen(condition)}`
  const tree = known.get(key) ?? new DecisionTree<CompiledCrate>()
  known.set(key, tree)
  return tree
}

/** Whether the templates that went into it are those of the tree. */
function isOf({ usesTemplates, placed, problems }: CompiledCrate, { templates }: ConfigStore): boolean {
  if (!usesTemplates) return true
  if (problems.some(({ code }) => code === 'unknown-template')) return false
  return placed.every(({ stamped: { template } }) => isStillMeant(template, templates))
}

function keyOf(sample: Sample | undefined): string {
  return sample === undefined ? '' : `${sample.name} ${sample.grade}`
}

function find(read: Read, defaults: ReadonlyMap<string, Value>, inputs: CrateInputs): string {
  if (read.namespace === 'Traits') return foundAs(noteTrait(read, inputs), read.grade)
  const [name, ...rest] = read.path
  if (name === undefined) return foundAs(new Map([...defaults, ...inputs.carried]), 'whole')
  return foundAs(valueAt(inputs.carried.get(name) ?? defaults.get(name), rest), read.grade)
}

function noteTrait({ path, grade }: Read, { traits, log }: CrateInputs): Value | undefined {
  const value = valueAt(traits, path)
  log.add('Traits', path, grade, value)
  return value
}

export function valueAt(value: Value | undefined, path: readonly string[]): Value | undefined {
  let at = value
  for (const key of path) at = at === undefined ? undefined : memberOf(at, key)
  return at
}
