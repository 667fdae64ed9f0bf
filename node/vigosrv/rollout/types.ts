import type { MonitorPhase, Verdict } from '#config/publish'
import type { ReleaseHash } from '#config/store'

/** `5%` of the fleet (at least one), a number of hosts, or a host glob. */
export type CanarySelector = string

/**
 * A staged release. While it is `waiting` or `watching`, canaries get `release` and everybody else gets `base`; `.live` is `release`
 * already. It outlives a restart.
 */
export type Canary =
  /** Announced; the release itself has not been published yet. */
  | {
      readonly phase: 'announced'
      readonly selector: CanarySelector
      readonly base: ReleaseHash
      readonly by: string
      readonly since: number
    }
  | (StagedCanary & {
      readonly phase: 'watching'
      readonly until: number
      /** Why it waits for a person to promote or stop it; absent while canaries decide. */
      readonly problem?: string
    })
  /** Everybody gets it. */
  | (StagedCanary & { readonly phase: 'promoted'; readonly at: number; readonly reason: string })
  /** It was rolled back: `.live` is a new release equal to `base`. */
  | (StagedCanary & { readonly phase: 'stopped'; readonly at: number; readonly reason: string })

export interface StagedCanary {
  readonly selector: CanarySelector
  readonly release: ReleaseHash
  readonly base: ReleaseHash
  readonly by: string
  readonly since: number
  /** Host names. */
  readonly hosts: readonly string[]
  readonly converged: readonly string[]
  readonly failed: readonly string[]
}

export interface RolloutStatus {
  readonly monitor: MonitorPhase
  /** The last one; null before the first. */
  readonly canary: Canary | null
  /** The newest first, at most a hundred. */
  readonly verdicts: readonly (Verdict & { readonly at: number })[]
}

/** How a release makes its way through the fleet, and back. */
export interface Rollout {
  status(): RolloutStatus
  /** Says that the next release to go live is for canaries first. @throws RolloutError 'busy' while another one is staged, 'no-canaries' when no host matches, 'no-base' when nothing is live */
  announce(request: { selector: CanarySelector; by: string }): Promise<Canary>
  /** Takes an announcement back, when publishing failed. */
  withdraw(): Promise<void>
  /** Gives the staged release to everybody now. @throws RolloutError 'not-staged' */
  promote(request: { by: string; reason: string }): Promise<Canary>
  /** Takes the staged release back. @throws RolloutError 'not-staged' */
  stop(request: { by: string; reason: string }): Promise<Canary>
}
