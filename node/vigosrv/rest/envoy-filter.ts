import type { BodyOf, fleetRoutes } from '#node/api'
import { hostMatcher } from '#node/kit'
import type { EnvoyRow } from '../fleet/types.ts'

export type EnvoyFilter = Omit<BodyOf<typeof fleetRoutes.envoys>, 'limit' | 'after'>

/** Rows that all of the given filters leave. */
export function filterEnvoys(rows: readonly EnvoyRow[], filter: EnvoyFilter): EnvoyRow[] {
  const { status, drift, reachability, release, filter: text } = filter
  const matchesName = text === undefined ? () => true : nameMatcher(text.toLowerCase())
  return rows.filter(
    row =>
      (status === undefined || row.status === status) &&
      (drift === undefined || row.drift === drift) &&
      (reachability === undefined || row.reachability === reachability) &&
      (release === undefined || row.release?.startsWith(release) === true) &&
      matchesName(row.hostname),
  )
}

/** A pattern where it has one of its signs; a part of the name otherwise. */
function nameMatcher(text: string): (hostname: string) => boolean {
  return /[*?[{]/.test(text) ? hostMatcher(text) : hostname => hostname.includes(text)
}
