import type { PeerId } from '#node/host'

export type SeedDecision = { serve: true } | { serve: false; retryAfterMs: number; ask: PeerId }

/** After so many overruled declines a member counts as one that keeps chunks to itself. */
const PATIENCE = 3

interface Given {
  readonly peer: PeerId
  readonly at: number
}

/**
 * How a complete holder spreads a blob that several members ask for at once: each chunk is handed to one of them first, and
 * whoever asks for it shortly after is sent to that one. So the bytes that leave the holder stay near one blob, however many ask.
 *
 * Progress is guaranteed: a chunk is declined only within `declineMs` of its first hand-over, whoever asks; `force` overrules
 * that; and a member who left, or whose chunk somebody had to come back for, is no reason to decline any more.
 * Pure: the caller passes the time.
 */
export class SeedPolicy {
  readonly #declineMs: number
  readonly #askers = new Set<PeerId>()
  readonly #keeping = new Set<PeerId>()
  readonly #overruled = new Map<PeerId, number>()
  readonly #given = new Map<number, Given>()

  constructor(declineMs: number) {
    this.#declineMs = declineMs
  }

  get several(): boolean {
    return this.#askers.size > 1
  }

  /** How often others had to overrule a decline in favour of that member. */
  #forced(peer: PeerId): number {
    const times = (this.#overruled.get(peer) ?? 0) + 1
    this.#overruled.set(peer, times)
    return times
  }

  /** The member wants the blob. */
  join(peer: PeerId): void {
    this.#askers.add(peer)
  }

  leave(peer: PeerId): void {
    this.#askers.delete(peer)
    this.#keeping.delete(peer)
    this.#overruled.delete(peer)
  }

  decide(peer: PeerId, chunk: number, force: boolean, now: number): SeedDecision {
    const given = this.#given.get(chunk)
    if (given === undefined || !this.#askers.has(given.peer)) {
      this.#given.set(chunk, { peer, at: now })
      return { serve: true }
    }
    if (given.peer === peer || !this.several) return { serve: true }
    const retryAfterMs = Math.ceil(given.at + this.#declineMs - now)
    if (retryAfterMs <= 0 || (force && this.#forced(given.peer) >= PATIENCE)) this.#keeping.add(given.peer)
    if (force || retryAfterMs <= 0 || this.#keeping.has(given.peer)) return { serve: true }
    return { serve: false, retryAfterMs, ask: given.peer }
  }
}
