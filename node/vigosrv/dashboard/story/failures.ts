import type { HistoryEntry } from '#config/store'
import { outcomeOf, type Run } from '#node/checkin'
import type { FleetView } from '../../fleet/types.ts'
import type { RolloutStatus } from '../../rollout/types.ts'
import { type FailureSeen, harmedHosts } from './story.ts'

const MAX_HOSTS = 4
/** How far back a host's runs are searched for the one that failed. */
const MAX_RUNS = 20
const BAD: ReadonlySet<string> = new Set(['failed', 'failed-restart', 'blocked'])

/** What failed first in a run; null when nothing did. */
export function firstFailure({ results }: Pick<Run, 'results'>): { resource: string; message: string } | null {
  const worst =
    results.find(({ state }) => state !== 'blocked' && BAD.has(state)) ?? results.find(({ state }) => BAD.has(state))
  return worst === undefined ? null : { resource: worst.id, message: worst.message ?? 'no message' }
}

/** Runs of the release that went wrong on hosts that it harmed, some of them, the earliest first. */
export async function failuresOf(
  fleet: Pick<FleetView, 'rows' | 'runs'>,
  subject: HistoryEntry | null,
  rollout: RolloutStatus,
): Promise<readonly FailureSeen[]> {
  if (subject === null) return []
  const wanted = new Set(harmedHosts(subject, rollout).slice(0, MAX_HOSTS))
  if (wanted.size === 0) return []
  const seen: FailureSeen[] = []
  for (const { peer, hostname } of fleet.rows()) {
    if (!wanted.delete(hostname)) continue
    const runs = await fleet.runs(peer, { limit: MAX_RUNS })
    const bad = runs.findLast(({ release, run }) => {
      const outcome = outcomeOf(run)
      return release === subject.release && (outcome === 'failed' || outcome === 'degraded')
    })
    const failure = bad === undefined ? null : firstFailure(bad.run)
    if (bad !== undefined && failure !== null) {
      seen.push({ host: hostname, peer, run: bad.id, ...failure, at: bad.receivedAt })
    }
    if (wanted.size === 0) break
  }
  return seen.toSorted((a, b) => a.at - b.at)
}
