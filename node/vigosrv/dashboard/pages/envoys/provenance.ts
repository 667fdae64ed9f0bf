import { setImmediate } from 'node:timers/promises'
import { type Bundle, type BundleResource, type ConfigStore, type Trace, type Traits, trace } from '#config/store'
import type { EnvoyRow } from '../../../fleet/types.ts'
import type { Visit } from '../../page.ts'

export type TracedResource = Trace['crates'][number]['resources'][number]

/** Why a place is not shown. */
export type Provenance =
  | { readonly kind: 'traced'; readonly resource: TracedResource; readonly crate: Trace['crates'][number] }
  | { readonly kind: 'unknown'; readonly why: string }

const MAX_CRATES = 200
const KEPT = 64

/** By release, and by bundle: open pages ask again and again. */
const known = new WeakMap<ConfigStore, Map<string, ReadonlyMap<string, string>>>()

/** Places of all resources of a bundle, by id, as far as the live release can say: `configcrates/web.vgo:12`. */
export async function placesOf(visit: Visit, row: EnvoyRow, bundle: Bundle): Promise<ReadonlyMap<string, string>> {
  const { store } = visit.parts.policy
  if (store === null || store.release !== bundle.release) return new Map()
  const ofStore = known.get(store) ?? new Map<string, ReadonlyMap<string, string>>()
  known.set(store, ofStore)
  const places = ofStore.get(bundle.hash) ?? (await tracePlaces(visit, row, bundle, store))
  ofStore.set(bundle.hash, places)
  for (const old of ofStore.keys()) if (ofStore.size > KEPT) ofStore.delete(old)
  return places
}

async function tracePlaces(
  visit: Visit,
  row: EnvoyRow,
  bundle: Bundle,
  store: ConfigStore,
): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>()
  const traits = await traitsOf(visit, row)
  for (const { name } of bundle.crates.slice(0, MAX_CRATES)) {
    const [crate] = trace(store, row.hostname, { traits, crate: name }).crates
    for (const { id, place } of crate?.resources ?? []) places.set(id, lineOf(place))
    await setImmediate()
    visit.signal.throwIfAborted()
  }
  return places
}

/** Every value of one resource: where it is written, and what it beat. */
export async function provenanceOf(
  visit: Visit,
  row: EnvoyRow,
  wanted: BundleResource,
  release: string,
): Promise<Provenance> {
  const { store } = visit.parts.policy
  if (store === null) return { kind: 'unknown', why: 'no configuration is loaded' }
  if (store.release !== release) {
    return { kind: 'unknown', why: 'this host has another release than the live one, whose files are not loaded' }
  }
  const crateName = wanted.crate
  const [crate] = trace(store, row.hostname, { traits: await traitsOf(visit, row), crate: crateName }).crates
  const resource = crate?.resources.find(({ id }) => id === wanted.id)
  if (crate === undefined || resource === undefined) {
    return { kind: 'unknown', why: 'the host has changed since the bundle was made' }
  }
  return { kind: 'traced', resource, crate }
}

async function traitsOf({ parts }: Visit, row: EnvoyRow): Promise<Traits | undefined> {
  return ((await parts.fleet.traits(row.peer)) ?? undefined) as Traits | undefined
}

/** `path:line` of `path:line:column`. */
export function lineOf(place: string): string {
  return place.replace(/:[0-9]+$/, '')
}
