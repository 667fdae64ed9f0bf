import type { BlobStat, CollectOptions } from './types.ts'

/**
 * Which blobs go, least recently used first. Pure. A blob with pins never goes; `isOpen` tells of readers and writers.
 */
export function chooseRemovals(
  blobs: readonly BlobStat[],
  options: CollectOptions,
  isOpen: (blob: BlobStat) => boolean,
): BlobStat[] {
  const { usedBefore = Number.POSITIVE_INFINITY, freeBytes = Number.POSITIVE_INFINITY, partial = true, keep } = options
  const removable = blobs
    .filter(blob => blob.pins.length === 0 && blob.usedAt < usedBefore && (partial || blob.state === 'complete'))
    .filter(blob => !isOpen(blob) && keep?.(blob) !== true)
    .sort((a, b) => a.usedAt - b.usedAt || (a.sha < b.sha ? -1 : 1))
  const chosen: BlobStat[] = []
  let freed = 0
  for (const blob of removable) {
    if (freed >= freeBytes) break
    chosen.push(blob)
    freed += blob.bytesHeld
  }
  return chosen
}
