import type { Diagnostic, ValueMap } from '#config/lang'
import { placeOf } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { entryOf, frameOf } from '../resolve/index.ts'
import type { ConfigStore, Entry } from '../tree/index.ts'
import type { Bundle, BundleWaiver } from './bundle.ts'
import { waiversOf } from './claims.ts'
import { valueAt } from './crate-cache.ts'
import { DecisionTree } from './decision-tree.ts'
import { type CompiledHost, compileFor } from './host.ts'
import { foundAs, ReadLog } from './reads.ts'

/** What the server knows of a machine: nested maps, `os.family` and the like. */
export type Traits = ValueMap

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
  const compiled = compiledFor(store, entry, traits)
  if (compiled.diagnostics.length > 0) return { outcome: 'failed', diagnostics: compiled.diagnostics }
  return { outcome: 'compiled', bundle: bundleOf(store, entry, host, compiled) }
}

const trees = new WeakMap<ConfigStore, Map<Entry, DecisionTree<CompiledHost>>>()

/** What the hosts of an entry get, by the traits that matter for it. */
export function compiledFor(store: ConfigStore, entry: Entry, traits: Traits): CompiledHost {
  const byEntry = trees.get(store) ?? new Map<Entry, DecisionTree<CompiledHost>>()
  trees.set(store, byEntry)
  const tree = byEntry.get(entry) ?? new DecisionTree<CompiledHost>()
  byEntry.set(entry, tree)
  const known = tree.find(({ path, whole }) => foundAs(valueAt(traits, path), whole))
  if (known !== undefined) return known
  const log = new ReadLog()
  const compiled = compileFor(store, frameOf(store, entry), { traits, log })
  tree.add(log.reads, log.found, compiled)
  return compiled
}

function bundleOf(store: ConfigStore, entry: Entry, host: string, { content, digest }: CompiledHost): Bundle {
  const waivers = store.waivers.length === 0 ? NO_WAIVERS : waiversOf(store, entry, host)
  const { match } = entry.declaration
  return {
    release: store.release,
    host,
    entry: { match: match.value, place: placeOfEntry(entry) },
    ...content,
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
