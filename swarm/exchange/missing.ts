import { formatSize } from '#node/kit'
import type { BlobDescriptor } from '#swarm/store'
import type { Assembly } from './assembly.ts'
import { ExchangeError } from './errors.ts'
import type { Links } from './links.ts'
import type { Reputation } from './reputation.ts'

const MAX_NAMED = 10
const MAX_SOURCES = 12

/** Null where not even the manifest is here. */
type Begun = Pick<Assembly, 'manifest' | 'scheduler'> | null

/** What lacks and why each source failed, in one sentence. */
export function incomplete(blob: BlobDescriptor, begun: Begun, sources: string): ExchangeError {
  const why = sources || 'no member that has it is connected'
  return new ExchangeError(
    'incomplete',
    `${blob.sha} is incomplete, ${describeMissing(blob, begun)}: ${why}. ` +
      'What is here is kept; try again when a member that has it is back',
    {
      context: {
        blob: blob.sha,
        chunksMissing: begun ? begun.manifest.chunks.length - begun.scheduler.heldCount : null,
        bytesMissing: begun?.scheduler.bytesMissing ?? blob.sizeBytes,
        missing: missingChunks(begun),
      },
    },
  )
}

/** For example `3 of 40 chunks (2.9 MiB) are missing (4, 17, 39)`. */
export function describeMissing(blob: BlobDescriptor, begun: Begun): string {
  if (!begun) return `all ${formatSize(blob.sizeBytes)} are missing`
  const { manifest, scheduler } = begun
  const total = manifest.chunks.length
  const missing = total - scheduler.heldCount
  const some = missingChunks(begun)
  const more = missing > some.length ? ' …' : ''
  return `${missing} of ${total} chunks (${formatSize(scheduler.bytesMissing)}) are missing (${some.join(', ')}${more})`
}

/** Each member that has some of the blob, or why it is not asked any more; empty when none is known. */
export function describeSources(links: Links, begun: Begun, reputation: Reputation): string {
  const lines: string[] = []
  for (const link of links.all()) {
    const source = begun?.scheduler.source(link.peer)
    if (link.holds === 'none') continue
    const stalled = source && source.stalls > 0 ? `, stalled ${source.stalls} times` : ''
    const holds = link.holds === 'complete' ? 'has all' : `has ${source?.held.count ?? 0} chunks`
    lines.push(`${link.peer} ${holds}${stalled}`)
  }
  for (const [peer, reason] of links.reasons()) lines.push(`${peer} ${reputation.reason(peer) ?? reason}`)
  return lines.slice(0, MAX_SOURCES).join('; ')
}

function missingChunks(begun: Begun): number[] {
  const some: number[] = []
  if (!begun) return some
  for (let chunk = 0; chunk < begun.manifest.chunks.length && some.length < MAX_NAMED; chunk++) {
    if (begun.scheduler.stateOf(chunk) !== 'held') some.push(chunk)
  }
  return some
}
