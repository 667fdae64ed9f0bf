import type { PeerId } from '#node/host'

/** A connection that ends sooner was not wanted by the other side. */
const SHORT_MS = 10_000
const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/**
 * Peers that end connections as soon as they have them, as they do to a member that they know to be revoked: each such end doubles the time
 * until the next dial, up to a minute; one that lasts begins anew. Times are monotonic milliseconds.
 */
export class ShortLives {
  readonly #peers = new Map<PeerId, { connectedAt: number; ends: number; notBefore: number }>()

  connected(peer: PeerId, now: number): void {
    const known = this.#peers.get(peer)
    this.#peers.set(peer, { ends: 0, notBefore: 0, ...known, connectedAt: now })
  }

  disconnected(peer: PeerId, now: number): void {
    const known = this.#peers.get(peer)
    if (known === undefined) return
    if (now - known.connectedAt >= SHORT_MS) {
      this.#peers.delete(peer)
      return
    }
    const ends = known.ends + 1
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (ends - 1))
    this.#peers.set(peer, { ...known, ends, notBefore: now + waitMs })
  }

  mayDial(peer: PeerId, now: number): boolean {
    return now >= (this.#peers.get(peer)?.notBefore ?? 0)
  }
}
