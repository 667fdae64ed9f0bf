import type { Diagnostic } from '#config/lang'
import type { Bundle, ConfigStore, ReleaseHash, Traits } from '#config/store'

/** What is wrong with the configuration that is live, as the dashboard and `vigocli doctor` show it. */
export interface PolicyProblem {
  readonly at: number
  readonly message: string
  readonly diagnostics: readonly Diagnostic[]
}

export type PolicyAnswer =
  | {
      readonly kind: 'bundle'
      readonly bundle: Bundle /** The `bundle` message, encoded once for all hosts that share it. */
      readonly frame: Uint8Array
    }
  | { readonly kind: 'no-policy'; readonly reason: string }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }

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
  reload(options: {
    signal?: AbortSignal
  }): Promise<{ readonly version: number; readonly release: ReleaseHash | null; readonly isChanged: boolean }>
  /** After each change of what hosts get. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}
