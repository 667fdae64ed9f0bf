import type { PeerId } from '#node/host'
import type { Sha256Hex } from '#swarm/chunk'
import { MAX_HINTS } from './codec.ts'

const MAX_BLOBS = 4096
const MAX_PEERS = 32

/** Who said lately that it wants which blob: such a member soon holds parts of it, so members are told of each other. */
export class WantBook {
  readonly #wants = new Map<Sha256Hex, Map<PeerId, number>>()
  readonly #keepMs: number

  constructor(keepMs = 60_000) {
    this.#keepMs = keepMs
  }

  note(blob: Sha256Hex, peer: PeerId, now: number): void {
    const peers = this.#wants.get(blob) ?? new Map<PeerId, number>()
    this.#wants.delete(blob)
    this.#wants.set(blob, peers)
    peers.delete(peer)
    peers.set(peer, now)
    dropOldest(peers, MAX_PEERS)
    dropOldest(this.#wants, MAX_BLOBS)
  }

  forget(blob: Sha256Hex, peer: PeerId): void {
    this.#wants.get(blob)?.delete(peer)
  }

  /** The latest first. */
  hints(blob: Sha256Hex, except: PeerId, now: number): PeerId[] {
    const peers = [...(this.#wants.get(blob) ?? [])].reverse()
    return peers
      .filter(([peer, at]) => peer !== except && now - at < this.#keepMs)
      .slice(0, MAX_HINTS)
      .map(([peer]) => peer)
  }
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}
