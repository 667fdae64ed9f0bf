import type { Span } from '#config/lang'

/** A URL as a crate names it, and where. */
export interface UrlUse {
  readonly url: string
  readonly span: Span
}

export type UrlProbe = { readonly url: string; readonly spans: readonly Span[] } & (
  | { readonly outcome: 'alive'; readonly status: number }
  /** Not HTTP, or only known on the machine: a template, a secret. */
  | { readonly outcome: 'skipped'; readonly why: string }
  /** `status` is null where no answer came. */
  | { readonly outcome: 'dead'; readonly status: number | null; readonly why: string }
)

export interface ProbeOptions {
  /** For one URL with all its redirects. Default: ten seconds. */
  timeoutMs?: number
  /** Default: 16. */
  concurrency?: number
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}
