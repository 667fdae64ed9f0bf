import type { PeerId } from '#node/host'
import { sha256Hex } from '#node/kit'

export interface BoltChoice {
  /** The one that should serve this machine first. */
  readonly bolts: readonly PeerId[]
  readonly connected: ReadonlySet<PeerId>
  /** Those that did not answer, the one that failed last at the end. */
  readonly failed: ReadonlySet<PeerId>
}

/**
 * In which order the bolts are tried: the one that should serve this machine, connected or not; then the others in the order of
 * preference, connected ones first; and at the end those that failed, in the order of their failures.
 */
export function boltsInOrder({ bolts, connected, failed }: BoltChoice): PeerId[] {
  const [home, ...others] = bolts
  const isFresh = (bolt: PeerId): boolean => !failed.has(bolt)
  const fresh = [
    ...(home === undefined ? [] : [home]),
    ...others.filter(bolt => connected.has(bolt)),
    ...others.filter(bolt => !connected.has(bolt)),
  ].filter(isFresh)
  return [...fresh, ...[...failed].filter(bolt => bolts.includes(bolt))]
}

/** This machine's place in an interval, in [0, 1). */
export function splayOf(self: PeerId): number {
  return Number.parseInt(sha256Hex(`splay\n${self}`).slice(0, 8), 16) / 2 ** 32
}
