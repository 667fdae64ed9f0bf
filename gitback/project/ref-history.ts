import type { RefUpdate } from './ref-update.ts'

/** Updates of one ref that are kept; older ones can no longer make a difference. */
export const KEPT_UPDATES = 256

/**
 * The updates of one ref, as far back as they are kept: the `KEPT_UPDATES` first in the order of (seq downwards, hash). That is the same
 * set wherever the same updates have been seen, in whatever order.
 */
export class RefHistory {
  readonly #updates = new Map<string, RefUpdate>()

  get updates(): readonly RefUpdate[] {
    return [...this.#updates.values()].sort(newestFirst)
  }

  has(hash: string): boolean {
    return this.#updates.has(hash)
  }

  /** Whether it would be kept. */
  accepts(update: RefUpdate): boolean {
    if (this.#updates.size < KEPT_UPDATES) return true
    const oldest = this.updates.at(-1)
    return oldest === undefined || newestFirst(update, oldest) < 0
  }

  /** Answers the updates that fell out for it. */
  add(update: RefUpdate): readonly RefUpdate[] {
    this.#updates.set(update.hash, update)
    const dropped = this.updates.slice(KEPT_UPDATES)
    for (const { hash } of dropped) this.#updates.delete(hash)
    return dropped
  }

  /** Updates that no other known one follows, the highest seq first. More than one: the ref has diverged, unless git knows better. */
  get heads(): readonly RefUpdate[] {
    const followed = new Set<string>()
    for (const { parents } of this.#updates.values()) for (const parent of parents) followed.add(parent)
    const all = this.updates
    // The oldest of a full history may be followed by what nobody keeps any more.
    const horizon = all.length < KEPT_UPDATES ? 0 : (all.at(-1)?.seq ?? 0)
    return all.filter(({ hash, seq }) => !followed.has(hash) && (seq > horizon || all[0]?.hash === hash))
  }
}

function newestFirst(a: RefUpdate, b: RefUpdate): number {
  return b.seq - a.seq || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)
}
