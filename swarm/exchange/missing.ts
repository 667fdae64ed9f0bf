import { formatSize } from '#node/kit'
import type { Manifest } from '#swarm/chunk'
import type { BlobDescriptor } from '#swarm/store'
import { ExchangeError } from './errors.ts'
import type { Links } from './links.ts'
import type { Reputation } from './reputation.ts'
import type { Scheduler } from './scheduler.ts'

const MAX_NAMED = 10
const MAX_SOURCES = 12

/** What lacks and why each source failed, in one sentence. */
export function incomplete(
  blob: BlobDescriptor,
  state: { manifest: Manifest | null; scheduler: Scheduler | null; sources: string },
): ExchangeError {
  const { manifest, scheduler } = state
  const why = state.sources || 'no member that has it is connected'
  return new ExchangeError(
    'incomplete',
    `${blob.sha} is incomplete, ${describeMissing(blob, manifest, scheduler)}: ${why}. ` +
      'What is here is kept; try again when a member that has it is back',
    {
      context: {
        blob: blob.sha,
        chunksMissing: manifest && scheduler ? manifest.chunks.length - scheduler.heldCount : null,
        bytesMissing: scheduler?.bytesMissing ?? blob.sizeBytes,
        missing: missingChunks(manifest, scheduler),
      },
    },
  )
}

/** For example `3 of 40 chunks (2.9 MiB) are missing (4, 17, 39)`. */
export function describeMissing(blob: BlobDescriptor, manifest: Manifest | null, scheduler: Scheduler | null): string {
  if (!scheduler || !manifest) return `all ${formatSize(blob.sizeBytes)} are missing`
  const total = manifest.chunks.length
  const missing = total - scheduler.heldCount
  const some = missingChunks(manifest, scheduler)
  const more = missing > some.length ? ' …' : ''
  return `${missing} of ${total} chunks (${formatSize(scheduler.bytesMissing)}) are missing (${some.join(', ')}${more})`
}

/** Each member that has some of the blob, or why it is not asked any more; empty when none is known. */
export function describeSources(links: Links, scheduler: Scheduler | null, reputation: Reputation): string {
  const lines: string[] = []
  for (const link of links.all()) {
    const source = scheduler?.source(link.peer)
    if (link.holds === 'none') continue
    const stalled = source && source.stalls > 0 ? `, stalled ${source.stalls} times` : ''
    const holds = link.holds === 'complete' ? 'has all' : `has ${source?.held.count ?? 0} chunks`
    lines.push(`${link.peer} ${holds}${stalled}`)
  }
  for (const [peer, reason] of links.reasons()) lines.push(`${peer} ${reputation.reason(peer) ?? reason}`)
  return lines.slice(0, MAX_SOURCES).join('; ')
}

function missingChunks(manifest: Manifest | null, scheduler: Scheduler | null): number[] {
  const some: number[] = []
  for (let chunk = 0; chunk < (manifest?.chunks.length ?? 0) && some.length < MAX_NAMED; chunk++) {
    if (scheduler?.stateOf(chunk) !== 'held') some.push(chunk)
  }
  return some
}
