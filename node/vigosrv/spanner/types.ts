import type { RollbackOptions, RollbackResult } from '#config/publish'
import type { HistoryEntry, ReleaseHash } from '#config/store'
import type { BoltReport, BoltRow, DiagnosticRow, SnapshotFile, SnapshotFiles, SpannerStatus } from '#node/api'

/** How a release of this server goes live: in its own folder alone, or on all bolts. */
export interface Publishing {
  readonly mode: 'standalone' | 'spanner'
  /** Resolves when it is in force here. @throws as `rollback` of `#config/publish`; SpannerError */
  rollback(options: Omit<RollbackOptions, 'releases'>): Promise<RollbackResult>
}

export interface Words {
  readonly author: string
  readonly reason: string
}

export type PublishAnswer =
  | { readonly outcome: 'published'; readonly commit: string; readonly entry: HistoryEntry }
  | { readonly outcome: 'nothing-to-publish'; readonly release: ReleaseHash; readonly commit: string }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly DiagnosticRow[] }

/** Sources as they were published, and a working tree's starting point. */
export interface Sources {
  readonly release: ReleaseHash
  readonly commit: string
  readonly files: readonly SnapshotFile[]
  /** SHA-256 by path; null where the commit is not in the history. */
  readonly base: ReadonlyMap<string, string> | null
}

/** Several servers with one configuration: what faces may ask of it. */
export interface Spanner extends Publishing {
  status(options: { signal: AbortSignal }): Promise<SpannerStatus>
  bolt(reference: string, options: { signal: AbortSignal }): Promise<BoltRow>
  /** What this bolt says of itself. */
  report(): Promise<BoltReport>
  /** @throws SpannerError 'not-founder', 'already-spanner' */
  init(words: Words, options: { signal: AbortSignal }): Promise<void>
  /** @throws SpannerError 'standalone', 'diverged', 'moved', 'not-live'; ReleaseError 'frozen' */
  publish(
    snapshot: SnapshotFiles,
    request: Words & { kind: 'publish' | 'promote'; base?: string | undefined },
    options: { signal: AbortSignal },
  ): Promise<PublishAnswer>
  /** @throws SpannerError 'standalone', 'not-diverged', 'unknown-head' */
  resolve(
    request: Words & { take: string },
    options: { signal: AbortSignal },
  ): Promise<Extract<PublishAnswer, { outcome: 'published' }>>
  sources(base: string | undefined, options: { signal: AbortSignal }): Promise<Sources>
  setPatterns(bolt: string, patterns: readonly string[]): Promise<void>
  setDraining(bolt: string, isDraining: boolean): Promise<void>
  reassign(envoy: string, bolt: string | null): Promise<void>
  /** Asks a bolt one of the routes that bolts answer each other. */
  ask(bolt: string, route: string, body: object, options: { signal: AbortSignal }): Promise<unknown>
  /** After the release, a divergence or a bolt changed. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}
