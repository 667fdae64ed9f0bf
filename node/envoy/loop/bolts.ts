import type { PeerId } from '#node/host'
import { sha256Hex } from '#node/kit'

export interface BoltChoice {
  readonly bolts: readonly PeerId[]
  readonly connected: ReadonlySet<PeerId>
  readonly self: PeerId
  /** Those that did not answer, the one that failed last at the end. */
  readonly failed: ReadonlySet<PeerId>
}

/**
 * In which order the bolts are tried: connected ones first, those that failed last and in the order of their failures, otherwise in an
 * order that is this machine's own, so that a fleet is spread over its bolts.
 */
export function boltsInOrder({ bolts, connected, self, failed }: BoltChoice): PeerId[] {
  const rank = (bolt: PeerId): string => `${connected.has(bolt) ? 0 : 1} ${sha256Hex(`${self}\n${bolt}`)}`
  const fresh = bolts.filter(bolt => !failed.has(bolt)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
  return [...fresh, ...[...failed].filter(bolt => bolts.includes(bolt))]
}

/** This machine's place in an interval, in [0, 1). */
export function splayOf(self: PeerId): number {
  return Number.parseInt(sha256Hex(`splay\n${self}`).slice(0, 8), 16) / 2 ** 32
}
