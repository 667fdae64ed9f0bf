import { fromHex, sha256Hex } from '#node/kit'
import { compareSpecificity, type HostPatterns, type Specificity } from './pattern.ts'

/** What routes say, as far as it is needed to place an envoy. */
export interface RouteView {
  /** What holds of a bolt; a bolt of which nothing was said has no patterns and is not draining. */
  bolt(bolt: string): { readonly matcher: HostPatterns; readonly isDraining: boolean } | null
  /** The bolt that an envoy is pinned to. */
  pin(peer: string): string | null
}

interface Candidate {
  readonly bolt: string
  readonly isDraining: boolean
  readonly isPinned: boolean
  readonly match: Specificity | null
  readonly weight: string
}

/**
 * The bolts in the order in which an envoy prefers them; `bolts` are those that the roster admits now, as public keys in hex:
 *
 * 1. bolts that are not draining before bolts that are;
 * 2. among them the one that the envoy is pinned to;
 * 3. then those with a pattern that matches the host name, the most specific match first (`compareSpecificity`);
 * 4. then the others.
 *
 * Among equals the highest SHA-256(envoy key, bolt key) is first (rendezvous hashing): each envoy has an order of its own, a fleet is
 * spread evenly, and a bolt more or less moves only the envoys that it gets or had.
 */
export function boltsFor(
  envoy: { readonly peer: string; readonly hostname: string },
  bolts: readonly string[],
  routes: RouteView,
): string[] {
  const [only] = bolts
  if (only !== undefined && bolts.length === 1) return [only]
  const pinned = routes.pin(envoy.peer)
  const peer = fromHex(envoy.peer)
  return bolts
    .map((bolt): Candidate => {
      const route = routes.bolt(bolt)
      return {
        bolt,
        isDraining: route?.isDraining ?? false,
        isPinned: bolt === pinned,
        match: route?.matcher.match(envoy.hostname) ?? null,
        weight: sha256Hex(peer, fromHex(bolt)),
      }
    })
    .sort(byPreference)
    .map(({ bolt }) => bolt)
}

function byPreference(a: Candidate, b: Candidate): number {
  return (
    Number(a.isDraining) - Number(b.isDraining) ||
    Number(b.isPinned) - Number(a.isPinned) ||
    byMatch(a.match, b.match) ||
    (a.weight > b.weight ? -1 : 1)
  )
}

function byMatch(a: Specificity | null, b: Specificity | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareSpecificity(a, b)
}
