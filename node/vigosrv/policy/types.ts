import type { Diagnostic } from '#config/lang'
import type { Bundle, ConfigStore, ReleaseHash, Traits } from '#config/store'

/** What is wrong with the configuration that is live, as the dashboard and `vigocli doctor` show it. */
export interface PolicyProblem {
  readonly at: number
  readonly message: string
  readonly diagnostics: readonly Diagnostic[]
}

export type PolicyAnswer =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  /** `reason` is a sentence. */
  | { readonly kind: 'no-policy'; readonly reason: string }
  /** The server does not know yet what it should hand out: ask again soon. */
  | { readonly kind: 'not-ready'; readonly reason: string }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

/** Which hosts keep the release before while the one that is live is tried on others. */
export interface Staging {
  /**
   * The release that hosts other than canaries keep; null when everybody gets what is live. Asked whenever a release is about to be in
   * force, before any host gets it, and by `restage`.
   */
  baseOf(live: ReleaseHash): ReleaseHash | null
  /** Does the host get what is live although there is a base? Asked often: cheap, and the same until the next `restage`. */
  isCanary(host: string): boolean
}

/** The live release in memory, and what each host gets of it. */
export interface Policy {
  /** Grows by one with each release that is loaded; `GET /api/v1/config/version`. */
  readonly version: number
  /** Null when nothing is live. */
  readonly release: ReleaseHash | null
  readonly loadedAt: number
  /** Null when the live release is loaded and good. */
  readonly problem: PolicyProblem | null
  /** Null when nothing, or nothing good, is live. */
  readonly store: ConfigStore | null
  /** What a host gets: of the live release, or, while a roll-out is staged and the host is no canary, of the one before. Cached. */
  answerFor(host: string, traits: Traits): PolicyAnswer
  /** The release that a host should have now. */
  releaseFor(host: string): ReleaseHash | null
  /** Reads `.live` again; resolves when it is in force. A release that cannot be used leaves the old one in force and sets `problem`. */
  reload(options?: {
    signal?: AbortSignal | undefined
  }): Promise<{ readonly version: number; readonly release: ReleaseHash | null; readonly isChanged: boolean }>
  /** From now on this decides who gets what; it is asked at once. @throws ReleaseError 'no-release' when the base is not kept any more */
  stageBy(staging: Staging, options?: { signal?: AbortSignal | undefined }): Promise<void>
  /** After each change of the staging's mind: promoted, stopped, other canaries. @throws as `stageBy` */
  restage(options?: { signal?: AbortSignal | undefined }): Promise<void>
  /** After each change of what hosts get. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}
