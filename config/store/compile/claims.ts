import type { MapNode } from '#config/lang'
import { dictionary, matchesHost } from '#node/kit'
import { type ConfigStore, type Entry, folderOf, isWithin } from '../tree/index.ts'
import { sorted } from './build.ts'
import type { BundleWaiver, Claimed } from './bundle.ts'

/** The claims of several maps of frameworks to controls, joined. */
export function claimed(maps: readonly (MapNode | undefined)[]): Claimed {
  const controls = new Map<string, string[]>()
  for (const map of maps) {
    for (const { key, value } of map?.entries.values() ?? []) {
      const items = value.kind === 'list' ? value.items : [value]
      const texts = items.map(item => (item.kind === 'scalar' ? item.source : '')).filter(text => text !== '')
      controls.set(key, [...(controls.get(key) ?? []), ...texts])
    }
  }
  return dictionary(Array.from(controls, ([framework, all]) => [framework, sorted(all)] as const).sort(byFirst))
}

/** What a crate claims: its own, and those of every `compliance.vgo` at or above it below `configcrates/`. */
export function claimsOfCrate(store: ConfigStore, own: MapNode | undefined, path: string): Claimed {
  const folder = folderOf(path)
  const inherited = store.claims.filter(claims => isOfCrates(claims.folder) && isWithin(folder, claims.folder))
  return claimed([own, ...inherited.map(({ map }) => map)])
}

/** What folders claim for the hosts whose entries are in or below them. */
export function claimsOfFolder(store: ConfigStore, folder: string): Claimed {
  const above = store.claims.filter(claims => !isOfCrates(claims.folder) && isWithin(folder, claims.folder))
  return claimed(above.map(({ map }) => map))
}

/** Waivers of the folders at or above the entry, for hosts that they match. */
export function waiversOf(store: ConfigStore, entry: Entry, host: string): BundleWaiver[] {
  return store.waivers
    .filter(({ folder, declaration }) => {
      const { match } = declaration
      return isWithin(entry.folder, folder) && (match === undefined || matchesHost(match.value, host))
    })
    .map(({ declaration: { framework, control, reason, expires } }) => ({
      framework: framework.value,
      control: control.value,
      reason: reason.value,
      expires: expires?.value ?? null,
    }))
    .sort((a, b) => byFirst([a.framework + a.control + a.reason], [b.framework + b.control + b.reason]))
}

function isOfCrates(folder: string): boolean {
  return isWithin(folder, 'configcrates') || isWithin(folder, 'usercrates')
}

function byFirst(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}
