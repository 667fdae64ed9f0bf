import type { Catalog } from '#curator/catalog'
import { keepWanted, type Replicas } from '#swarm/replica'
import type { BlobStat, BlobStore } from '#swarm/store'
import type { Shelf, ShelfItem } from './shelf.ts'

/** Unused blobs that nothing asks for stay this long. */
export const DEFAULT_RETENTION_MS = 7 * 86_400_000

export interface StaleItem extends ShelfItem {
  readonly reason: 'artifact-removed' | 'version-removed' | 'untagged'
}

/** Files on the shelf that no tag points at any more, or that are gone from the catalog. */
export async function staleItems(shelf: Shelf, catalog: Catalog): Promise<StaleItem[]> {
  const stale: StaleItem[] = []
  for (const item of await shelf.items()) {
    const view = catalog.get(item.artifact)?.view
    if (view === undefined || view.tombstone) stale.push({ ...item, reason: 'artifact-removed' })
    else if (view.versions[item.version] === undefined) stale.push({ ...item, reason: 'version-removed' })
    else if (Object.keys(view.tags).length > 0 && !Object.values(view.tags).includes(item.version)) {
      stale.push({ ...item, reason: 'untagged' })
    }
  }
  return stale
}

/** Takes stale files off the shelf. Their bytes stay in the store until they are collected. */
export async function prune(shelf: Shelf, catalog: Catalog, options: { dryRun: boolean }): Promise<StaleItem[]> {
  const stale = await staleItems(shelf, catalog)
  if (!options.dryRun) await shelf.remove(stale)
  return stale
}

/**
 * Removes blobs that were not used for the retention time, unless a target asks this machine to hold them, they are pinned
 * (published here, or being uploaded), or lie on the shelf.
 */
export async function collectGarbage(options: {
  store: BlobStore
  shelf: Shelf
  replicas: Replicas
  now: number
  retentionMs: number
  dryRun: boolean
}): Promise<{ removed: BlobStat[]; freedBytes: number }> {
  const onShelf = new Set((await options.shelf.items()).map(item => item.blobSha))
  const wanted = keepWanted(options.replicas)
  return options.store.collect({
    usedBefore: options.now - options.retentionMs,
    keep: blob => onShelf.has(blob.sha) || wanted(blob),
    dryRun: options.dryRun,
  })
}
