import type { ReleaseHash } from '#config/store'

/** How a host did with a release, as its last report says. `unreachable`: it did not report in time. */
export type HostOutcome = 'converged' | 'changed' | 'degraded' | 'failed' | 'unreachable'

/** A release went live. */
export interface ReleasedEvent {
  readonly release: ReleaseHash
  /** Whether a person made it live, by publish or rollback, or this monitor did. */
  readonly by: 'operator' | 'monitor'
  /** What was live before, the latest first: where a rollback may go. */
  readonly candidates: readonly ReleaseHash[]
  /** What each host did with the release before. Hosts that are not in it are not judged: nobody knows how they were. */
  readonly baseline: ReadonlyMap<string, HostOutcome>
  /** All times are Unix milliseconds of one clock, the server's. */
  readonly time: number
}

export interface ReportEvent {
  readonly host: string
  /** Which the host had when it did this. */
  readonly release: ReleaseHash
  readonly outcome: HostOutcome
  readonly time: number
}

/** Reports could not be had, for a reason that is the server's own. */
export interface FaultEvent {
  readonly message: string
  readonly time: number
}

/** What a verdict rests on. */
export interface Evidence {
  /** Hosts that can be compared with how they were before. */
  readonly judged: number
  readonly harmed: number
  /** Some of them. */
  readonly harmedHosts: readonly string[]
  /** Hosts that received the release, but cannot be judged: unreachable since, or not well before. */
  readonly notJudged: number
}

/** - `healthy`: the window is over and few enough hosts are worse than before
 * - `rollback`: go back to `to`
 * - `inconclusive`: a person must look: too few hosts, or nothing that the monitor may do
 * - `error`: it could not be measured
 */
export type Verdict = { readonly release: ReleaseHash; readonly evidence: Evidence; readonly reason: string } & (
  | { readonly verdict: 'healthy' | 'error' }
  | { readonly verdict: 'rollback'; readonly to: ReleaseHash }
  | { readonly verdict: 'inconclusive'; readonly because: InconclusiveCause }
)

export type InconclusiveCause = 'too-few-hosts' | 'too-many-rollbacks' | 'nothing-to-go-back-to'

/** What outlives a restart. */
export interface MonitorMemory {
  readonly consecutiveRollbacks: number
  /** Releases that harmed hosts, the latest last: never rolled back to. */
  readonly failed: readonly ReleaseHash[]
}

export type MonitorPhase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'watching'; readonly release: ReleaseHash; readonly until: number; readonly evidence: Evidence }
  | { readonly phase: 'decided'; readonly verdict: Verdict }
