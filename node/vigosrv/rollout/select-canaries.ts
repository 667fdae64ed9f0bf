import type { ReleaseHash } from '#config/store'
import { hostMatcher, sha256Hex } from '#node/kit'
import { RolloutError } from './errors.ts'
import type { CanarySelector } from './types.ts'

export interface CanaryCandidate {
  readonly hostname: string
  /** It is there, and what it did before is known: only such a host can tell a good release from a bad one. */
  readonly isTelling: boolean
}

type Selector =
  | { readonly by: 'percent' | 'count'; readonly amount: number }
  | { readonly by: 'glob'; readonly matches: (hostname: string) => boolean }

/** @throws RolloutError 'bad-request' */
export function parseSelector(selector: CanarySelector): Selector {
  const text = selector.trim()
  const [, digits = '', percent] = /^([0-9]{1,9})(%)?$/.exec(text) ?? []
  const amount = Number(digits)
  if (digits !== '' && amount > 0 && (percent === undefined || amount <= 100)) {
    return { by: percent === undefined ? 'count' : 'percent', amount }
  }
  if (digits === '' && /^[A-Za-z0-9_*?[\]{},!.-]{1,1024}$/.test(text)) {
    return { by: 'glob', matches: hostMatcher(text.toLowerCase()) }
  }
  throw new RolloutError(
    'bad-request',
    `'${selector.slice(0, 100)}' does not say which hosts are first; write a share such as 5%, a number of hosts from 1, or a host glob`,
  )
}

/**
 * Which hosts get the release first, sorted: of a share or number those that can tell something, in an order that is another one for each
 * release and the same however often it is asked, so that it is not always the same hosts that are at risk. A share is rounded down, to at
 * least one. Of a glob all that match. @throws RolloutError 'bad-request', 'no-canaries'
 */
export function selectCanaries(
  selector: CanarySelector,
  hosts: readonly CanaryCandidate[],
  release: ReleaseHash,
): string[] {
  const parsed = parseSelector(selector)
  const chosen =
    parsed.by === 'glob'
      ? hosts.filter(({ hostname }) => parsed.matches(hostname.toLowerCase()))
      : inOrder(hosts, release).slice(0, countOf(parsed, hosts.length))
  if (chosen.length === 0) {
    throw new RolloutError(
      'no-canaries',
      `no host of the fleet matches '${selector.slice(0, 100)}'; see vigocli envoys list`,
    )
  }
  return chosen.map(({ hostname }) => hostname).toSorted()
}

function countOf({ by, amount }: Extract<Selector, { amount: number }>, hosts: number): number {
  return by === 'count' ? amount : Math.max(1, Math.floor((hosts * amount) / 100))
}

function inOrder(hosts: readonly CanaryCandidate[], release: ReleaseHash): CanaryCandidate[] {
  return hosts
    .map(host => ({ host, lot: sha256Hex(`${release}\n${host.hostname}`) }))
    .toSorted((a, b) => Number(b.host.isTelling) - Number(a.host.isTelling) || (a.lot < b.lot ? -1 : 1))
    .map(({ host }) => host)
}
