import { DRIFTS, type EnvoyRow, FLEET_STATUSES, REACHABILITIES } from '../../../fleet/types.ts'
import { rankOf } from '../overview/attention.ts'

export const SORTS = ['name', 'worst', 'seen'] as const

/** What the list shows; every value is one that exists, or nothing. */
export interface EnvoyFilter {
  readonly search: string
  readonly status: EnvoyRow['status'] | null
  readonly drift: EnvoyRow['drift'] | null
  readonly reach: EnvoyRow['reachability'] | null
  /** Hash of the release that the envoy last ran. */
  readonly release: string | null
  readonly sort: (typeof SORTS)[number]
}

const MAX_SEARCH = 253

export function filterOf(query: URLSearchParams): EnvoyFilter {
  const release = query.get('release') ?? ''
  return {
    search: (query.get('q') ?? '').trim().slice(0, MAX_SEARCH),
    status: oneOf(FLEET_STATUSES, query.get('status')),
    drift: oneOf(DRIFTS, query.get('drift')),
    reach: oneOf(REACHABILITIES, query.get('reach')),
    release: /^[0-9a-f]{64}$/.test(release) ? release : null,
    sort: oneOf(SORTS, query.get('sort')) ?? 'name',
  }
}

export function isFiltered({ search, status, drift, reach, release }: EnvoyFilter): boolean {
  return search !== '' || status !== null || drift !== null || reach !== null || release !== null
}

/** Those that match. Search looks at host names, crates, environments and the beginning of keys. */
export function envoysMatching(rows: readonly EnvoyRow[], filter: EnvoyFilter): readonly EnvoyRow[] {
  const search = filter.search.toLowerCase()
  const found = rows.filter(
    row =>
      (filter.status === null || row.status === filter.status) &&
      (filter.drift === null || row.drift === filter.drift) &&
      (filter.reach === null || row.reachability === filter.reach) &&
      (filter.release === null || row.release === filter.release) &&
      (search === '' || isFound(row, search)),
  )
  if (filter.sort === 'worst') return found.toSorted((a, b) => rankOf(b) - rankOf(a))
  if (filter.sort === 'seen') return found.toSorted((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0))
  return found
}

function isFound({ hostname, crates, environment, peer, platform }: EnvoyRow, search: string): boolean {
  return (
    hostname.toLowerCase().includes(search) ||
    (search.length >= 8 && peer.startsWith(search)) ||
    environment?.toLowerCase() === search ||
    platform.toLowerCase().startsWith(search) ||
    crates.some(crate => crate.toLowerCase() === search)
  )
}

function oneOf<Value extends string>(values: readonly Value[], given: string | null): Value | null {
  return values.find(value => value === given) ?? null
}
