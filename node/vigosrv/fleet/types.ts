import type { Bundle } from '#config/store'
import type { Run, RunOutcome, StateCounts } from '#node/checkin'

export type { Secrets } from './secrets.ts'
export type { TaskChannel, TaskEvent, TaskMessage } from './task-channel.ts'

/** Three axes that say different things and are never mixed. */
export type FleetStatus = 'converged' | 'degraded' | 'failed' | 'no-data'
export type Drift = 'none' | 'changed' | 'diverged'
export type Reachability = 'online' | 'stale' | 'never-seen' | 'elsewhere'

export const FLEET_STATUSES: readonly FleetStatus[] = ['converged', 'degraded', 'failed', 'no-data']
export const DRIFTS: readonly Drift[] = ['none', 'changed', 'diverged']
export const REACHABILITIES: readonly Reachability[] = ['online', 'stale', 'never-seen', 'elsewhere']

/** One envoy, as the server knows it. A new object after each change. */
export interface EnvoyRow {
  /** Public key, hex. */
  readonly peer: string
  readonly hostname: string
  readonly platform: string
  /** Of its agent; empty until it said hello. */
  readonly version: string
  /** Of its last run. */
  readonly status: FleetStatus
  /** `changed`: its last run had to correct something; `diverged`: the last three or more in a row had to. Intended changes do not count. */
  readonly drift: Drift
  /** `stale`: not heard of for two and a half of its own intervals; `elsewhere`: another server, which is there, serves it and knows. */
  readonly reachability: Reachability
  readonly isConnected: boolean
  /** Public key of the server that should serve it before others; null when that is not decided. */
  readonly home: string | null
  /** That it should have, and that its last run was of. */
  readonly wantedRelease: string | null
  readonly release: string | null
  readonly bundle: string | null
  /** By this server. */
  readonly lastSeenAt: number | null
  readonly lastRun: RunSummary | null
  /** Why it gets no new bundle: no entry matches it, it cannot be compiled. Empty when it does. */
  readonly problem: string
  readonly environment: string | null
  readonly entry: string | null
  readonly crates: readonly string[]
}

export interface RunSummary {
  readonly id: string
  readonly release: string
  readonly mode: Run['mode']
  readonly outcome: RunOutcome
  readonly offline: boolean
  /** The server's clock. */
  readonly receivedAt: number
  readonly startedAt: number
  readonly durationMs: number
  readonly counts: StateCounts
}

export interface StoredRun extends RunSummary {
  readonly run: Run
}

export interface FleetCounts {
  readonly envoys: number
  readonly connected: number
  readonly status: Readonly<Record<FleetStatus, number>>
  readonly drift: Readonly<Record<Drift, number>>
  readonly reachability: Readonly<Record<Reachability, number>>
  /** Hosts by the release that they last ran. */
  readonly releases: Readonly<Record<string, number>>
  /** Hosts whose last run was of the release that they should have, and converged or changed. */
  readonly upToDate: number
}

/** One point of the convergence curve. */
export interface FleetSample {
  readonly at: number
  readonly counts: FleetCounts
}

export type FleetEvent =
  | { readonly type: 'envoy'; readonly row: EnvoyRow }
  | { readonly type: 'run'; readonly row: EnvoyRow; readonly run: RunSummary }
  | { readonly type: 'policy' }
  | { readonly type: 'rollout' }
  | { readonly type: 'task'; readonly id: string }

/** Everything that REST and dashboard ask about envoys. Rows are in memory; runs, traits and samples come from the database. */
export interface FleetView {
  /** By host name. Revoked members are not in it. */
  rows(): readonly EnvoyRow[]
  counts(): FleetCounts
  /** By public key, host name, or unique prefix of eight or more digits of the key. @throws FleetError 'unknown-member', 'ambiguous-member' */
  find(reference: string): EnvoyRow
  /** The newest first. */
  runs(peer: string, options: { limit: number; before?: number }): Promise<readonly StoredRun[]>
  run(peer: string, id: string): Promise<StoredRun | null>
  traits(peer: string): Promise<Readonly<Record<string, unknown>> | null>
  /** What it should have now; secrets stay references. */
  bundle(peer: string): Promise<Bundle | null>
  /** The oldest first, at most one a minute, for up to two days. */
  samples(options: { since: number }): Promise<readonly FleetSample[]>
  /** Returns the unsubscriber. Listeners must not throw. */
  onEvent(listener: (event: FleetEvent) => void): () => void
}

/** What the server can make envoys do. */
export interface FleetControl {
  /** Tells connected envoys to check in at once; answers how many were told. */
  push(peers: readonly string[], reason: string): number
}
