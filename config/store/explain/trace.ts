import { type Diagnostic, formatWhen, placeOf, suggest } from '#config/lang'
import { compiledFor, exampleFor } from '../compile/compile.ts'
import type { CompiledCrate } from '../compile/crate.ts'
import type { JoinedHost } from '../compile/host.ts'
import type { Traits } from '../compile/index.ts'
import { type Absence, entriesMatching, type Inclusion, type Link } from '../resolve/index.ts'
import type { ConfigStore, Entry } from '../tree/index.ts'
import { type TracedResource, traceResource } from './attributes.ts'
import { isSensitive } from './shown.ts'
import { type TracedVariable, traceVariables } from './variables.ts'

/** Why a host has what it has. Places are `path:line:column`. */
export interface Trace {
  readonly host: string
  /** The entry that is the host's; null when none matches. */
  readonly entry: TracedEntry | null
  /** Entries that match as well and come later. */
  readonly laterEntries: readonly TracedEntry[]
  readonly environment: { readonly name: string; readonly places: readonly string[] } | null
  /** False when the traits of the host are made up, so that no condition is decided. */
  readonly traitsAreKnown: boolean
  readonly crates: readonly TracedCrate[]
  /** Crates that something names and that the host does not get. */
  readonly absent: readonly TracedAbsence[]
  readonly diagnostics: readonly Diagnostic[]
  /** Why what was asked for is not there; empty when it is. */
  readonly note: string
}

export interface TracedEntry {
  readonly match: string
  readonly place: string
}

export interface TracedCrate {
  readonly name: string
  readonly kind: 'configcrate' | 'usercrate'
  readonly place: string
  readonly reasons: readonly TracedReason[]
  /** What the agent decides about the whole crate; empty when it always holds. */
  readonly when: string
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
  /** Only of the crate that was asked for. */
  readonly variables: readonly TracedVariable[]
  readonly resources: readonly TracedResource[]
}

export interface TracedReason {
  /** From the carrier down: `entry '*'`, `role 'web'`. */
  readonly chain: readonly string[]
  /** Where the crate is named. */
  readonly place: string
}

export interface TracedAbsence {
  readonly name: string
  readonly reason: string
  readonly place: string
}

export interface TraceOptions {
  readonly traits?: Traits | undefined
  /** Shows its variables and resources. */
  readonly crate?: string | undefined
  /** Only this attribute (of any resource, or `resource/attribute`), or this variable. */
  readonly attribute?: string | undefined
}

/** Explains a host: its entry, its crates and why it has them; with a crate all values of that crate, and what they beat. */
export function trace(store: ConfigStore, host: string, options: TraceOptions = {}): Trace {
  const [entry, ...later] = entriesMatching(store, host)
  const joined = entry === undefined ? undefined : joinedFor(store, entry, options.traits)
  const environments = joined?.frame.environments ?? []
  const [environment] = environments
  const crates =
    joined === undefined ? [] : joined.inclusions.all.flatMap((each, at) => tracedCrate(each, joined, at, options))
  return {
    host,
    entry: entry === undefined ? null : tracedEntry(entry),
    laterEntries: later.map(tracedEntry),
    environment:
      environment === undefined
        ? null
        : {
            name: environment.declaration.name.value,
            places: environments.map(({ declaration }) => placeOf(declaration.name.span)),
          },
    traitsAreKnown: options.traits !== undefined,
    crates,
    absent: (joined?.inclusions.absent ?? [])
      .map(tracedAbsence)
      .filter(({ name }) => options.crate === undefined || options.crate === name),
    diagnostics: joined?.diagnostics ?? [],
    note: joined === undefined ? '' : noteOn(crates, joined, store, options),
  }
}

function noteOn(crates: readonly TracedCrate[], joined: JoinedHost, store: ConfigStore, options: TraceOptions): string {
  const { crate, attribute } = options
  if (crate === undefined) return ''
  const [traced] = crates
  if (traced === undefined) {
    const names = joined.inclusions.all.map(each => each.crate.name)
    const isDeclared = store.configcrates.has(crate) || store.usercrates.has(crate)
    const what = isDeclared ? `nothing gives the crate '${crate}' to this host` : `there is no crate '${crate}'`
    return `${what}; ${suggest(crate, names, all => (all === '' ? 'it has none' : `it has ${all}`))}`
  }
  if (attribute === undefined || traced.variables.length + traced.resources.length > 0) return ''
  const compiled = joined.crates[joined.inclusions.all.findIndex(each => each.crate.name === crate)]
  const known = new Set(compiled?.placed.flatMap(({ stamped }) => [...stamped.values.keys()]))
  return `no resource of '${crate}' has the attribute '${attribute}', and it reads no variable of that name; ${suggest(attribute, [...known], all => `its attributes are ${all}`)}`
}

function joinedFor(store: ConfigStore, entry: Entry, traits: Traits | undefined): JoinedHost {
  return traits === undefined ? exampleFor(store, entry) : compiledFor(store, entry, traits)
}

function tracedEntry({ declaration: { match } }: Entry): TracedEntry {
  return { match: match.value, place: placeOf(match.span) }
}

function tracedCrate(inclusion: Inclusion, joined: JoinedHost, at: number, options: TraceOptions): TracedCrate[] {
  const { crate, condition, reasons } = inclusion
  const compiled = joined.crates[at]
  const isWanted = options.crate === crate.name
  if (compiled === undefined || (options.crate !== undefined && !isWanted)) return []
  return [
    {
      name: crate.name,
      kind: crate.kind,
      place: placeOf(crate.declaration.name.span),
      reasons: reasons.map(tracedReason),
      when: typeof condition === 'boolean' ? '' : formatWhen(condition),
      skipped: compiled.skipped,
      variables: isWanted ? variablesOf(inclusion, joined, compiled, options.attribute) : [],
      resources: isWanted ? resourcesOf(compiled, options.attribute) : [],
    },
  ]
}

function tracedReason(links: readonly Link[]): TracedReason {
  const named = links.at(-1)
  return {
    chain: links.map(({ title }) => title).filter(title => title !== ''),
    place: named === undefined ? '' : placeOf(named.span),
  }
}

function tracedAbsence({ crate, why, span, reason }: Absence): TracedAbsence {
  const condition = reason.findLast(({ kind, title }) => kind === 'case' && title !== '')?.title ?? ''
  return {
    name: crate.name,
    reason: why === 'excluded' ? "the environment's 'exclude_configcrates' names it" : `${condition} is false here`,
    place: placeOf(span),
  }
}

function resourcesOf(compiled: CompiledCrate, wanted: string | undefined): TracedResource[] {
  const all = compiled.placed.map(placed => {
    const { name } = placed.stamped
    return traceResource(
      placed,
      attribute => wanted === undefined || wanted === attribute || wanted === `${name}/${attribute}`,
    )
  })
  return wanted === undefined ? all : all.filter(({ attributes }) => attributes.length > 0)
}

/** The variables that go into the resources of the crate, or into the wanted attribute. */
function variablesOf(
  { crate }: Inclusion,
  { frame }: JoinedHost,
  compiled: CompiledCrate,
  wanted: string | undefined,
): TracedVariable[] {
  const used = new Set<string>()
  const hidden = new Set<string>()
  for (const { stamped } of compiled.placed) {
    for (const [attribute, names] of stamped.variables) {
      const isWanted = wanted === undefined || wanted === attribute || wanted === `${stamped.name}/${attribute}`
      if (isWanted) for (const name of names) used.add(name)
      if (isSensitive(stamped.prepared, attribute)) for (const name of names) hidden.add(name)
    }
  }
  return traceVariables(frame, crate, name => name === wanted || used.has(name), hidden)
}
