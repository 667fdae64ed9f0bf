import type { Sha256Hex } from '#swarm/chunk'
import { chooseRemovals } from './collect.ts'
import type { Inventory } from './inventory.ts'
import type { OpenBlobs } from './open-blobs.ts'
import type { Parts } from './parts.ts'
import { removeFiles } from './reconcile.ts'
import type { BlobStat, CollectOptions } from './types.ts'
import type { UseTimes } from './use-times.ts'

/** How blobs leave the file store: never one that is pinned or open. */
export class Removal {
  readonly #parts: Parts
  readonly #open: OpenBlobs
  readonly #uses: UseTimes
  readonly #inventory: Inventory

  constructor(parts: Parts, open: OpenBlobs, uses: UseTimes, inventory: Inventory) {
    this.#parts = parts
    this.#open = open
    this.#uses = uses
    this.#inventory = inventory
  }

  async collect(options: CollectOptions): Promise<{ removed: BlobStat[]; freedBytes: number }> {
    const blobs = await Array.fromAsync(this.#inventory.list())
    const chosen = chooseRemovals(blobs, options, blob => this.#open.has(blob.sha))
    const removed: BlobStat[] = []
    for (const stat of chosen) if (options.dryRun === true || (await this.remove(stat.sha))) removed.push(stat)
    return { removed, freedBytes: removed.reduce((sum, stat) => sum + stat.bytesHeld, 0) }
  }

  async remove(sha: Sha256Hex): Promise<boolean> {
    const { index, locks, changed } = this.#parts
    return locks.run(sha, async () => {
      const row = await index.row(sha)
      if (row === null || row.state === 'removing' || row.pins.length > 0 || this.#open.has(sha)) return false
      await index.change(sha, now => ({ ...now, state: 'removing' }))
      await removeFiles(this.#parts, row)
      await index.delete(row, await index.manifest(row.chunks))
      this.#uses.forget(sha)
      changed({ type: 'removed', sha })
      return true
    })
  }
}
