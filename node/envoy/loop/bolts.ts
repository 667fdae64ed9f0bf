import type { PeerId } from '#node/host'
import { sha256Hex } from '#node/kit'

export interface BoltChoice {
  readonly bolts: readonly PeerId[]
  readonly connected: ReadonlySet<PeerId>
  readonly self: PeerId
  /** The one that was tried last and did not answer. */
  readonly failed: PeerId | null
}

/**
 * In which order the bolts are tried: connected ones first, the one that just failed last, otherwise in an order that is this
 * machine's own, so that a fleet is spread over its bolts.
 */
export function boltsInOrder({ bolts, connected, self, failed }: BoltChoice): PeerId[] {
  const rank = (bolt: PeerId): string =>
    [bolt === failed ? 1 : 0, connected.has(bolt) ? 0 : 1, sha256Hex(`${self}\n${bolt}`)].join(' ')
  return [...bolts].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

/** This machine's place in an interval, in [0, 1). */
export function splayOf(self: PeerId): number {
  return Number.parseInt(sha256Hex(`splay\n${self}`).slice(0, 8), 16) / 2 ** 32
}
