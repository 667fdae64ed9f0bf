import type { Diagnostic } from '#config/lang'
import type { Changes, HistoryEntry, Holder, ReleaseCounts, ReleaseHash, Releases, TreeLimits } from '#config/store'
import type { UrlProbe } from '../probe/index.ts'
import type { TreeChecker } from './checker.ts'
import type { ReleaseTarget } from './target.ts'

export interface PublishOptions {
  readonly releases: Releases
  readonly checker: TreeChecker
  readonly author: string
  readonly reason?: string
  /** What the history calls it. Default: `publish`. */
  readonly kind?: 'publish' | 'promote'
  /** Validates, and touches nothing at all: no source, no lock. */
  readonly dryRun?: boolean
  readonly skipUrlCheck?: boolean
  /** For one URL. Default: ten seconds. */
  readonly urlTimeoutMs?: number
  /** Releases crates and templates that nothing refers to as well. */
  readonly noPrune?: boolean
  /** Default: the releases of this machine. */
  readonly target?: ReleaseTarget | undefined
  /** How long to wait for another publisher. Default: half a minute. */
  readonly waitMs?: number
  readonly limits?: Partial<TreeLimits>
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((step: PublishStep) => void) | undefined
}

/** Where a publish is. Every step but `probing` is told once, when it begins. */
export type PublishStep =
  | { readonly step: 'waiting'; readonly holder: Holder | null }
  | { readonly step: 'reading'; readonly folder: string }
  | { readonly step: 'repairing'; readonly files: number }
  | { readonly step: 'checking'; readonly files: number }
  | { readonly step: 'probing'; readonly done: number; readonly total: number }
  | { readonly step: 'writing'; readonly files: number }

/** What every publish knows, however it ended. */
export interface PublishReport {
  readonly isDryRun: boolean
  /** Errors and warnings, by path and place. Places are those of the sources as they are on disk now. */
  readonly diagnostics: readonly Diagnostic[]
  /** How many there were beyond those. */
  readonly diagnosticsLeftOut: number
  /** Of the whole tree, what is left out of the release included. Zeros when it was not checked. */
  readonly counts: ReleaseCounts
  /** From the live release to what is, or would be, released. */
  readonly changes: Changes
  /** Sources that were repaired in place, or would be in a dry run. */
  readonly repaired: readonly string[]
  /** What nothing refers to, and what is therefore not released. */
  readonly pruned: readonly string[]
  readonly probes: readonly UrlProbe[]
  /** Sentences about the machine, not the configuration: permissions, a freeze that a dry run does not mind. */
  readonly warnings: readonly string[]
}

export type PublishResult = PublishReport &
  (
    | { readonly outcome: 'invalid' }
    /** Of a dry run. `release` is what it would be called. */
    | { readonly outcome: 'valid'; readonly release: ReleaseHash; readonly files: number }
    /** `mended`: files of the live release that somebody had changed by hand. */
    | { readonly outcome: 'nothing-to-publish'; readonly release: ReleaseHash; readonly mended: readonly string[] }
    | { readonly outcome: 'published'; readonly entry: HistoryEntry }
  )
