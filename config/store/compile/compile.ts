import { type Diagnostic, placeOf } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { entryOf, frameOf } from '../resolve/index.ts'
import type { ConfigStore, Entry } from '../tree/index.ts'
import type { Bundle, BundleWaiver } from './bundle.ts'
import { waiversOf } from './claims.ts'
import { valueAt } from './crate-cache.ts'
import { DecisionTree } from './decision-tree.ts'
import { type Content, contentOf, type JoinedHost, joinCrates } from './host.ts'
import { foundAs, ReadLog } from './reads.ts'
import { sampleTraits } from './samples.ts'
import type { Traits } from './traits.ts'

export type CompileResult =
  | { readonly outcome: 'compiled'; readonly bundle: Bundle }
  /** No entry matches the host: it is managed by nobody. */
  | { readonly outcome: 'unmatched' }
  /** There is no bundle, so that the host stays as it is. */
  | { readonly outcome: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/**
 * The bundle of a host. Pure: the same tree, name and traits give the same answer, and hosts that cannot be told apart by what their
 * crates read share its parts. Nothing is compiled of a tree with errors.
 */
export function compile(store: ConfigStore, host: string, traits: Traits): CompileResult {
  if (store.hasErrors) return { outcome: 'failed', diagnostics: store.diagnostics }
  const entry = entryOf(store, host)
  if (entry === undefined) return { outcome: 'unmatched' }
  const { content, diagnostics } = compiledFor(store, entry, traits)
  if (content === undefined) return { outcome: 'failed', diagnostics }
  return { outcome: 'compiled', bundle: bundleOf(store, entry, host, content) }
}

/**
 * The bundle of a host of which nothing is known but its name: traits are those of an ordinary machine, others are made up, and every
 * condition is left to the agent. For people to look at; no host gets it.
 */
export function compileExample(store: ConfigStore, host: string): CompileResult {
  if (store.hasErrors) return { outcome: 'failed', diagnostics: store.diagnostics }
  const entry = entryOf(store, host)
  if (entry === undefined) return { outcome: 'unmatched' }
  const joined = exampleFor(store, entry)
  if (joined.diagnostics.length > 0) return { outcome: 'failed', diagnostics: joined.diagnostics }
  return { outcome: 'compiled', bundle: bundleOf(store, entry, host, contentOf(store, joined)) }
}

export function exampleFor(store: ConfigStore, entry: Entry): JoinedHost {
  const [[name, traits] = ['', {}]] = sampleTraits
  return joinCrates(store, frameOf(store, entry), { traits, log: new ReadLog(), sample: { name, grade: 'value' } })
}

/** The hosts of an entry that have the same relevant traits. `content` is undefined where there are errors. */
export interface CompiledHost extends JoinedHost {
  readonly content: Content | undefined
}

const trees = new WeakMap<ConfigStore, Map<Entry, DecisionTree<CompiledHost>>>()

/** What the hosts of an entry get, by the traits that matter for it. */
export function compiledFor(store: ConfigStore, entry: Entry, traits: Traits): CompiledHost {
  const byEntry = trees.get(store) ?? new Map<Entry, DecisionTree<CompiledHost>>()
  trees.set(store, byEntry)
  const tree = byEntry.get(entry) ?? new DecisionTree<CompiledHost>()
  byEntry.set(entry, tree)
  const known = tree.find(({ path, grade }) => foundAs(valueAt(traits, path), grade))
  if (known !== undefined) return known
  const log = new ReadLog()
  const joined = joinCrates(store, frameOf(store, entry), { traits, log })
  const compiled = { ...joined, content: joined.diagnostics.length > 0 ? undefined : contentOf(store, joined) }
  tree.add(log.reads, log.found, compiled)
  return compiled
}

function bundleOf(store: ConfigStore, entry: Entry, host: string, { bundle, digest }: Content): Bundle {
  const waivers = store.waivers.length === 0 ? NO_WAIVERS : waiversOf(store, entry, host)
  const { match } = entry.declaration
  return {
    release: store.release,
    host,
    entry: { match: match.value, place: placeOfEntry(entry) },
    ...bundle,
    waivers,
    hash: waivers.length === 0 ? digest : sha256Hex(digest, JSON.stringify(waivers)),
  }
}

const NO_WAIVERS: readonly BundleWaiver[] = []
const places = new WeakMap<Entry, string>()

function placeOfEntry(entry: Entry): string {
  let place = places.get(entry)
  if (place === undefined) {
    place = placeOf(entry.declaration.match.span)
    places.set(entry, place)
  }
  return place
}
