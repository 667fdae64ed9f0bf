import type { Diagnostic } from '#config/lang'
import type { AlreadyLive, HistoryEntry, PublishRequest, TreeFile } from '#config/store'

/**
 * Where a release goes live. A `Publisher` is one, for the folder of this machine; another one hands the release over to who makes it live
 * elsewhere, and then nothing of that folder is locked or written meanwhile.
 */
export interface ReleaseTarget {
  /** As of `Publisher`. */
  readonly recovered: HistoryEntry | null
  /** Resolves when it is live there. Whether it may be published at all is for the target to say. */
  publish(
    request: ReleaseRequest,
  ): Promise<{ readonly outcome: 'released'; readonly entry: HistoryEntry } | AlreadyLive | Refused>
}

export interface ReleaseRequest extends PublishRequest {
  /** What `files` were made of, repaired. */
  readonly sourceFiles: () => readonly TreeFile[]
}

/** It was checked again there, and is not valid. */
export interface Refused {
  readonly outcome: 'refused'
  readonly diagnostics: readonly Diagnostic[]
}
