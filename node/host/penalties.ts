import type { PeerId } from './types.ts'

const HALF_LIFE_MS = 5 * 60e3
const FORGET_BELOW = 1

/** Remembers who sent messages that a validator rejected, and forgets by halves. */
export class Penalties {
  readonly #monotonicMs: () => number
  readonly #points = new Map<PeerId, { points: number; atMs: number }>()

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
  }

  add(peer: PeerId, points: number): void {
    this.#points.set(peer, { points: this.of(peer) + points, atMs: this.#monotonicMs() })
  }

  of(peer: PeerId): number {
    const entry = this.#points.get(peer)
    if (entry === undefined) return 0
    const points = entry.points * 0.5 ** ((this.#monotonicMs() - entry.atMs) / HALF_LIFE_MS)
    if (points >= FORGET_BELOW) return points
    this.#points.delete(peer)
    return 0
  }
}
