import { type Diagnostic, Diagnostics, formatWhen, type Variables } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { type JoinedHost, joinCrates } from '../compile/host.ts'
import { foundAs, ReadLog } from '../compile/reads.ts'
import { sampleTraits } from '../compile/samples.ts'
import {
  type Frame,
  frameOf,
  type Inclusion,
  type Inclusions,
  includeCrates,
  type Layer,
  mergeLayers,
  undecided,
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
import { decodeParts, encodeParts, hasUrls, isOfKeys, joinParts, type Part, partOf } from './parts.ts'
import { renderedUrls, type UrlUse } from './urls.ts'

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
  readonly #hashes = new Map<Crate, string>()
  #allTemplates: string | undefined

  constructor(store: ConfigStore, memory: Memory | undefined) {
    this.#store = store
    this.#memory = memory
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
    const found = new Diagnostics()
    const inclusions = includeCrates(this.#store, frame, undecided, found)
    if (this.#memory === undefined || found.hasErrors) return verdictOf(samplesOf(this.#store, frame))
    const { all } = inclusions
    const keys = all.map(inclusion => this.#keyOf(inclusion))
    const key = keyOfFrame(frame)
    const text = this.#memory.recall(nameOfRecord(key)) ?? ''
    const isKnown = isOfKeys(text, keys)
    const known = isKnown && !hasUrls(text) ? NO_PARTS : decodeParts(text)
    const parts = isKnown ? known : this.#complete(frame, inclusions, keys, known)
    if ('diagnostics' in parts) return parts
    if (!isKnown) this.#memory.keep(nameOfRecord(key), encodeParts(keys, parts))
    const urls = urlsOf(all, keys, parts)
    const crates = all.map(({ crate }) => crate)
    this.#known?.add(entry, crates, urls.length === 0 ? key : undefined)
    return { diagnostics: [], urls }
  }

  /** Adds the parts that are not known yet; a verdict where something is wrong. */
  #complete(
    frame: Frame,
    inclusions: Inclusions,
    keys: readonly string[],
    known: ReadonlyMap<string, Part>,
  ): ReadonlyMap<string, Part> | EntryVerdict {
    const { all } = inclusions
    const old = new Map(Array.from(known).filter(([key]) => keys.includes(key)))
    const news = all.filter((_, at) => !old.has(keys[at] ?? ''))
    const needed = new Set(news.flatMap(({ crate }) => [crate, ...dependenciesOf(crate)]))
    const few = { ...inclusions, all: all.filter(({ crate }) => needed.has(crate)) }
    const some = this.#partsIn(samplesOf(this.#store, frame, few), all, keys)
    if (some !== undefined) {
      const joined = joinParts(old, some)
      if (joined !== undefined) return joined
    }
    const samples = samplesOf(this.#store, frame)
    return this.#partsIn(samples, all, keys) ?? verdictOf(samples)
  }

  /** Undefined where something is wrong. */
  #partsIn(
    samples: readonly JoinedHost[],
    inclusions: readonly Inclusion[],
    keys: readonly string[],
  ): Map<string, Part> | undefined {
    if (samples.some(({ diagnostics }) => diagnostics.length > 0)) return undefined
    const keyOf = new Map(inclusions.map(({ crate }, at) => [crate, keys[at] ?? '']))
    const parts = new Map<string, Part>()
    for (const { inclusions: joined, crates } of samples) {
      for (const [at, compiled] of crates.entries()) {
        const crate = joined.all[at]?.crate
        const key = crate && keyOf.get(crate)
        if (key !== undefined) parts.set(key, partOf(compiled, parts.get(key)))
      }
    }
    return parts
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
    text = foundAs(mergeLayers([{ vars }]), 'whole')
    texts.set(vars, text)
  }
  return text
}

const SILENCE: EntryVerdict = { diagnostics: [], urls: [] }
const NO_PARTS: ReadonlyMap<string, Part> = new Map()

function urlsOf(inclusions: readonly Inclusion[], keys: readonly string[], parts: ReadonlyMap<string, Part>): UrlUse[] {
  return inclusions.flatMap(({ crate: { declaration } }, at) =>
    (parts.get(keys[at] ?? '')?.urls ?? []).map(([url, start, end]) => ({
      url,
      span: { file: declaration.file, start, end },
    })),
  )
}

function verdictOf(samples: readonly JoinedHost[]): EntryVerdict {
  const crates = new Set(samples.flatMap(host => host.crates))
  return { diagnostics: samples.flatMap(host => host.diagnostics), urls: Array.from(crates).flatMap(renderedUrls) }
}

/** One machine of each family; one is enough where nothing reads a trait. */
function samplesOf(store: ConfigStore, frame: Frame, inclusions?: Inclusions): readonly JoinedHost[] {
  const hosts: JoinedHost[] = []
  for (const [name, traits] of sampleTraits) {
    const log = new ReadLog()
    hosts.push(joinCrates(store, frame, { traits, log, sample: { name, grade: 'kind' }, inclusions }))
    if (!log.readTraits) break
  }
  return hosts
}
