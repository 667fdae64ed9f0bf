import { type Diagnostic, Diagnostics, formatWhen, type Variables } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { edgesAcross } from '../compile/across.ts'
import type { CompiledCrate } from '../compile/crate.ts'
import { type CrateCache, crateCacheOf, onSample, type SampledCrate } from '../compile/crate-cache.ts'
import { joinCompiled } from '../compile/host.ts'
import type { Problem } from '../compile/problem.ts'
import {
  type Frame,
  frameOf,
  type Inclusion,
  type Inclusions,
  includeCrates,
  type Layer,
  undecided,
  variableValue,
} from '../resolve/index.ts'
import {
  type ConfigStore,
  type Crate,
  dependenciesOf,
  type Entry,
  hashOfCrate,
  hashOfSource,
  type Memory,
  outlineOf,
  templatesUsedBy,
} from '../tree/index.ts'
import { KnownEntries, nameOfRecord } from './known-entries.ts'
import { Owners } from './owners.ts'
import { decodeParts, encodeParts, hasUrls, isOfKeys, type Part, partOf } from './parts.ts'
import type { UrlUse } from './urls.ts'

export interface EntryVerdict {
  readonly diagnostics: readonly Diagnostic[]
  readonly urls: readonly UrlUse[]
}

/**
 * Compiles entries as for machines of every family. With a memory only the crates of an entry are compiled that changed, with what they depend
 * on, and held against what the others manage. As soon as anything is found all are: every message is the one that it would have been.
 */
export class EntryCheck {
  readonly #store: ConfigStore
  readonly #memory: Memory | undefined
  readonly #known: KnownEntries | undefined
  readonly #cache: CrateCache
  readonly #owners = new Owners()
  readonly #hashes = new Map<Crate, string>()
  #allTemplates: string | undefined

  constructor(store: ConfigStore, memory: Memory | undefined) {
    this.#store = store
    this.#memory = memory
    this.#cache = crateCacheOf(store)
    if (memory !== undefined && store.shape !== undefined) {
      this.#known = new KnownEntries(store, memory, crate => this.#hashOf(crate))
    }
  }

  /** To be called when nothing is wrong with any entry. */
  keep(): void {
    this.#known?.keep()
  }

  run(entry: Entry): EntryVerdict {
    if (this.#known?.has(entry)) return SILENCE
    const frame = frameOf(this.#store, entry)
    const wrong = new Diagnostics()
    const inclusions = includeCrates(this.#store, frame, undecided, wrong)
    if (wrong.hasErrors) return this.#whole(frame, inclusions, wrong).verdict
    if (this.#memory === undefined) {
      const parts = this.#complete(frame, inclusions.all, [], NO_PARTS)
      return parts === undefined ? this.#whole(frame, inclusions, wrong).verdict : silence(inclusions, parts)
    }
    const keys = inclusions.all.map(inclusion => this.#keyOf(inclusion))
    const key = keyOfFrame(frame)
    const text = this.#memory.recall(nameOfRecord(key)) ?? ''
    let parts: readonly Part[] | undefined
    if (isOfKeys(text, keys)) parts = hasUrls(text) ? [...decodeParts(text).values()] : []
    else {
      parts = this.#complete(frame, inclusions.all, keys, decodeParts(text))
      if (parts === undefined) {
        const whole = this.#whole(frame, inclusions, wrong)
        if (whole.verdict.diagnostics.length > 0) return whole.verdict
        // Two codes were the same by chance.
        parts = whole.parts
      }
      this.#memory.keep(nameOfRecord(key), encodeParts(keys, parts))
    }
    const verdict = silence(inclusions, parts)
    this.#known?.add(entry, inclusions.all, verdict.urls.length === 0 ? key : undefined)
    return verdict
  }

  /** The parts that are not known are compiled, and what they depend on. Undefined where something may be wrong. */
  #complete(
    { variables }: Frame,
    all: readonly Inclusion[],
    keys: readonly string[],
    known: ReadonlyMap<string, Part>,
  ): readonly Part[] | undefined {
    const needed = known.size === 0 ? undefined : neededOf(all, keys, known)
    const parts: Part[] = []
    const compiled: SampledCrate[] = []
    for (const { crate, condition } of all) {
      const old = needed?.has(crate) === false ? known.get(keys[parts.length] ?? '') : undefined
      if (old !== undefined) {
        parts.push(old)
        continue
      }
      const sampled = this.#cache.compileSampled(crate, { carried: variables, condition })
      if (sampled.some(hasProblems)) return undefined
      parts.push(partOf(sampled))
      compiled.push(sampled)
    }
    const few = needed === undefined ? all : all.filter(({ crate }) => needed.has(crate))
    return refersWell(few, compiled) && this.#owners.areApart(all, parts) ? parts : undefined
  }

  /** All of the entry, with everything that is wrong with it. */
  #whole(frame: Frame, inclusions: Inclusions, wrong: Diagnostics): { parts: readonly Part[]; verdict: EntryVerdict } {
    const crates = inclusions.all.map(({ crate, condition }) =>
      this.#cache.compileSampled(crate, { carried: frame.variables, condition }),
    )
    const diagnostics = everySample(crates).flatMap(onOne => joinCompiled(frame, inclusions, onOne, wrong).diagnostics)
    const parts = crates.map(partOf)
    return { parts, verdict: { diagnostics, urls: urlsOf(inclusions, parts) } }
  }

  /** Everything that the crate is compiled of, but the variables. */
  #keyOf({ crate, condition }: Inclusion): string {
    const hash = this.#hashOf(crate)
    return typeof condition === 'boolean' ? hash : sha256Hex(hash, formatWhen(condition)).slice(0, 32)
  }

  #hashOf(crate: Crate): string {
    let hash = this.#hashes.get(crate)
    if (hash === undefined) {
      const templates = this.#templatesOf(crate)
      const own = hashOfCrate(crate)
      hash = (templates === '' ? own : sha256Hex(own, templates)).slice(0, 32)
      this.#hashes.set(crate, hash)
    }
    return hash
  }

  #templatesOf(crate: Crate): string {
    const { sources } = outlineOf(crate.declaration)
    const { templates } = this.#store
    if (sources.length === 0) return ''
    if (sources.some(({ value }) => value.includes('{{'))) {
      this.#allTemplates ??= Array.from(templates.values(), hashOfSource).join('\n')
      return this.#allTemplates
    }
    return templatesUsedBy(crate, templates)
      .map(path => templates.get(path))
      .map(file => (file === undefined ? '' : hashOfSource(file)))
      .join('\n')
  }
}

/** Of everything that its crates may read but the traits. */
function keyOfFrame({ entry: { declaration }, layers }: Frame): string {
  const { match } = declaration
  return sha256Hex(JSON.stringify([match.span.file.path, match.value, ...layers.map(textOf)])).slice(0, 32)
}

const texts = new WeakMap<Variables, string>()

function textOf({ vars }: Layer): string {
  let text = texts.get(vars)
  if (text === undefined) {
    text = JSON.stringify(Array.from(vars, ([name, entry]) => [name, variableValue(entry)]))
    texts.set(vars, text)
  }
  return text
}

const SILENCE: EntryVerdict = { diagnostics: [], urls: [] }
const NO_PARTS: ReadonlyMap<string, Part> = new Map()

function silence(inclusions: Inclusions, parts: readonly Part[]): EntryVerdict {
  return { diagnostics: [], urls: urlsOf(inclusions, parts) }
}

/** `parts`: as the inclusions; none where there are no URLs. */
function urlsOf({ all }: Inclusions, parts: readonly Part[]): UrlUse[] {
  const urls: UrlUse[] = []
  parts.forEach((part, at) => {
    const file = all[at]?.crate.declaration.file
    if (part.urls.length === 0 || file === undefined) return
    for (const [url, start, end] of part.urls) urls.push({ url, span: { file, start, end } })
  })
  return urls
}

function refersOut({ outward }: CompiledCrate): boolean {
  return outward.length > 0
}

function hasProblems({ problems }: CompiledCrate): boolean {
  return problems.length > 0
}

/** The crates without a known part, and what they depend on. */
function neededOf(
  all: readonly Inclusion[],
  keys: readonly string[],
  known: ReadonlyMap<string, Part>,
): ReadonlySet<Crate> {
  const news = all.filter((_, at) => !known.has(keys[at] ?? ''))
  return new Set(news.flatMap(({ crate }) => [crate, ...dependenciesOf(crate)]))
}

/** For each sample the crates as they are there; one is enough where nothing reads a trait. */
function everySample(crates: readonly SampledCrate[]): (readonly CompiledCrate[])[] {
  const count = crates.reduce((most, { length }) => Math.max(most, length), 1)
  return Array.from({ length: count }, (_, at) => crates.map(crate => onSample(crate, at)))
}

/** Whether no reference from one crate to another is wrong. */
function refersWell(all: readonly Inclusion[], crates: readonly SampledCrate[]): boolean {
  if (!crates.some(crate => crate.some(refersOut))) return true
  const problems: Problem[] = []
  for (const onOne of everySample(crates)) edgesAcross(all, onOne, problem => problems.push(problem))
  return problems.length === 0
}
