import type { FetchState } from './fetch-state.ts'
import type { ChunkRequest, Source } from './source.ts'

/** For all that was asked of the source; this node's own link may need longer for all that was asked than the source for its part. */
export function deadlineMs({ pace, underWay, limits }: FetchState, source: Source): number {
  const ownLinkMs = Math.min(pace.deadlineMs(underWay.outstanding), limits.firstDeadlineMs)
  return Math.max(source.pace.deadlineMs(source.outstanding), ownLinkMs)
}

/** It has delivered all the time since it was asked, though slowly, or its share of a slow link here. */
export function crawls(
  { pace, sources, limits }: FetchState,
  source: Source,
  oldest: ChunkRequest,
  now: number,
): boolean {
  const bytes = source.deliveredBytes - oldest.mark
  let asked = 0
  for (const other of sources.values()) if (other.outstanding > 0) asked++
  const share = (pace.bytesPerSecond ?? 0) / (4 * asked)
  const enough = Math.max(Math.min(limits.crawlBytesPerSecond, share), 1)
  return (bytes * 1000) / Math.max(now - oldest.sentAt, 1) >= enough
}
