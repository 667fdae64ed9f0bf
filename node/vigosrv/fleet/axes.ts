import type { RunOutcome } from '#node/checkin'
import type { Drift, FleetStatus, Reachability, RunSummary } from './types.ts'

const STATUS: Readonly<Record<RunOutcome, FleetStatus>> = {
  converged: 'converged',
  changed: 'converged',
  degraded: 'degraded',
  failed: 'failed',
}

export function statusOf(run: RunSummary | null): FleetStatus {
  return run === null ? 'no-data' : STATUS[run.outcome]
}

const DIVERGED_AFTER = 3

/** How many runs in a row had to correct something, the given one included. A dry run cannot tell drift from what is intended. */
export function correctionsAfter(before: number, run: Pick<RunSummary, 'mode' | 'counts'>): number {
  if (run.mode === 'dry-run') return before
  return run.counts.corrected > 0 ? before + 1 : 0
}

export function driftOf(corrections: number): Drift {
  if (corrections === 0) return 'none'
  return corrections >= DIVERGED_AFTER ? 'diverged' : 'changed'
}

/** Intervals of its own after which an envoy that is not heard of is stale. */
const STALE_AFTER = 2.5

/** `silentMs`: since it was heard of; null when it never was. */
export function reachabilityOf(silentMs: number | null, intervalMs: number): Exclude<Reachability, 'elsewhere'> {
  if (silentMs === null) return 'never-seen'
  return silentMs > STALE_AFTER * intervalMs ? 'stale' : 'online'
}
