import { type CrateDeclaration, formatWhen, memberOf, type Value, type ValueMap } from '#config/lang'
import { type Condition, defaultLayers, mergeLayers } from '../resolve/index.ts'
import type { ConfigStore, Crate } from '../tree/index.ts'
import { type CompiledCrate, type CrateContext, compileCrate } from './crate.ts'
import { type Sample, TemplateData } from './data.ts'
import { DecisionTree } from './decision-tree.ts'
import { prepare } from './prepared.ts'
import { foundAs, type Read, ReadLog } from './reads.ts'
import { sampleTraits } from './samples.ts'
import { isStillMeant, stampCached, stampForSamples } from './stamp-cache.ts'

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
const trees: Trees<CompiledCrate> = new WeakMap()
const sampledTrees: Trees<SampledCrate> = new WeakMap()

/** A crate on one machine of each family, in the order of the samples; on the first only where it reads no trait. */
export type SampledCrate = readonly CompiledCrate[]

export function onSample(crate: SampledCrate, at: number): CompiledCrate {
  const compiled = crate[at] ?? crate[0]
  if (compiled === undefined) throw new RangeError('the crate was not compiled')
  return compiled
}

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

  /** The crate on machines of every family, of which nothing else is known. */
  compileSampled(crate: Crate, { carried, condition }: Pick<CrateInputs, 'carried' | 'condition'>): SampledCrate {
    const tree = treeOf(sampledTrees, crate, textOf(condition))
    const defaults = this.#defaultsOf(crate)
    const known = tree.find(({ path, grade }) => foundAs(variableAt(path, defaults, carried), grade))
    if (known?.every(each => isOf(each, this.#store))) return known
    const log = new ReadLog()
    const variables = joined(defaults, carried)
    const compiled: CompiledCrate[] = []
    // Most crates are the same in all entries. Resources are kept one by one only when a crate turns out not to be.
    const stampOne = tree.isEmpty ? stampForSamples() : undefined
    for (const [name, traits] of sampleTraits) {
      const sample: Sample = { name, grade: 'kind' }
      const data = new TemplateData({ variables, traits, sample }, log)
      compiled.push(this.#run(crate, condition, data, stampOne ?? stampCached.bind(undefined, sample)))
      if (!log.readTraits) break
    }
    tree.add(...log.kept(false), compiled)
    return compiled
  }

  #compile(crate: Crate, inputs: CrateInputs): CompiledCrate {
    const { sample, condition } = inputs
    const tree = treeOf(trees, crate, textOf(condition, sample))
    const defaults = this.#defaultsOf(crate)
    const known = tree.find(read => find(read, defaults, inputs))
    if (known !== undefined && isOf(known, this.#store)) return known
    const log = new ReadLog()
    const data = new TemplateData({ variables: joined(defaults, inputs.carried), traits: inputs.traits, sample }, log)
    const compiled = this.#run(crate, condition, data, stampCached.bind(undefined, sample))
    // A made-up trait is found again by nobody: samples are told apart by their names instead.
    const [reads, found] = log.kept(sample === undefined)
    for (const read of reads) if (read.namespace === 'Traits') noteTrait(read, inputs)
    tree.add(reads, found, compiled)
    return compiled
  }

  #run(crate: Crate, condition: Condition, data: TemplateData, stamp: CrateContext['stamp']): CompiledCrate {
    const { templates } = this.#store
    return compileCrate(prepare(crate.declaration), { data, templates, condition, keepsAll: data.isLenient, stamp })
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

type Trees<T> = WeakMap<CrateDeclaration, Map<string, DecisionTree<T>>>

function treeOf<T>(trees: Trees<T>, { declaration }: Crate, key: string): DecisionTree<T> {
  let known = trees.get(declaration)
  if (known === undefined) {
    known = new Map()
    trees.set(declaration, known)
  }
  let tree = known.get(key)
  if (tree === undefined) {
    tree = new DecisionTree()
    known.set(key, tree)
  }
  return tree
}

/** Other texts for what is not compiled the same. */
function textOf(condition: Condition, sample?: Sample): string {
  const whose = sample === undefined ? '' : `${sample.name} ${sample.grade}`
  return typeof condition === 'boolean' ? whose : `${whose}\n${formatWhen(condition)}`
}

/** Whether the templates that went into it are those of the tree. */
function isOf({ usesTemplates, placed, problems }: CompiledCrate, { templates }: ConfigStore): boolean {
  if (!usesTemplates) return true
  if (problems.some(({ code }) => code === 'unknown-template')) return false
  return placed.every(({ stamped: { template } }) => isStillMeant(template, templates))
}

function find(read: Read, defaults: ReadonlyMap<string, Value>, inputs: CrateInputs): string {
  const value = read.namespace === 'Traits' ? noteTrait(read, inputs) : variableAt(read.path, defaults, inputs.carried)
  return foundAs(value, read.grade)
}

function joined(defaults: ReadonlyMap<string, Value>, carried: ReadonlyMap<string, Value>): Map<string, Value> {
  const variables = new Map(defaults)
  for (const [name, value] of carried) variables.set(name, value)
  return variables
}

/** All variables where the path is empty. */
function variableAt(
  path: readonly string[],
  defaults: ReadonlyMap<string, Value>,
  carried: ReadonlyMap<string, Value>,
): Value | undefined {
  const [name] = path
  if (name === undefined) return joined(defaults, carried)
  const value = carried.get(name) ?? defaults.get(name)
  return path.length === 1 ? value : valueAt(value, path.slice(1))
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
