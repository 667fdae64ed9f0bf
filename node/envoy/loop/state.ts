/** All times are of the monotonic clock, in milliseconds: a wall clock that jumps changes nothing here. */
export interface LoopState {
  readonly link: Link
  readonly intervalMs: number
  /** When the next check-in is due, or, without a server, the next run from the bundle that was kept. */
  readonly dueAt: number
  /** The first wait after the start, and after a change of the interval, is this machine's own share of the interval. */
  readonly isSplayed: boolean
  readonly hasBundle: boolean
  /** When the last run began. */
  readonly ranAt: number | null
  readonly run: { readonly kind: 'none' } | { readonly kind: 'running'; readonly next: RunWanted | null }
  /** Id of the oldest report that the server has not stored. */
  readonly report: string | null
}

export interface RunWanted {
  readonly isOffline: boolean
}

export type Link =
  | { readonly kind: 'away'; readonly attempt: number; readonly retryAt: number; readonly reason: string }
  | { readonly kind: 'dialling'; readonly attempt: number }
  | {
      readonly kind: 'online'
      readonly bolt: string
      /** Attempts before this one; forgotten when the bolt has answered, so that one that only accepts is not dialled without end. */
      readonly attempt: number
      readonly checkIn: { readonly sentAt: number; readonly isCalled: boolean } | null
      readonly checkedInAt: number | null
      /** The bolt has called for a check-in, which is due at this time. */
      readonly calledAt: number | null
      readonly sent: { readonly report: string; readonly at: number; readonly tries: number } | null
    }

export type Answer =
  | { readonly kind: 'unchanged'; readonly intervalMs: number }
  /** `isNew`: there is something to apply that the last run did not have. */
  | { readonly kind: 'bundle'; readonly intervalMs: number; readonly isNew: boolean }
  | { readonly kind: 'no-policy'; readonly intervalMs: number }
  | { readonly kind: 'refused'; readonly retryMs: number }

export type LoopEvent = { readonly at: number } & (
  | { readonly type: 'start'; readonly hasBundle: boolean }
  | { readonly type: 'tick' }
  /** A bolt is among the connected neighbours. */
  | { readonly type: 'bolt-near' }
  | { readonly type: 'linked'; readonly bolt: string }
  | { readonly type: 'unlinked'; readonly reason: string }
  | { readonly type: 'answered'; readonly answer: Answer }
  | { readonly type: 'called' }
  /** Another bolt should serve this machine; nothing happens while it is not convenient. */
  | { readonly type: 'move' }
  | { readonly type: 'run-ended' }
  /** The oldest report that waits, or null; after each change of the queue. */
  | { readonly type: 'queue'; readonly oldest: string | null }
)

export type LoopAction =
  | { readonly type: 'dial' }
  | { readonly type: 'unlink'; readonly reason: string }
  /** End a conversation in which nothing was wrong. */
  | { readonly type: 'leave'; readonly reason: string }
  | { readonly type: 'check-in' }
  | { readonly type: 'run'; readonly isOffline: boolean }
  | { readonly type: 'send-report'; readonly id: string }

/** Until a server has said another. */
export const DEFAULT_INTERVAL_MS = 5 * 60_000
export const MIN_INTERVAL_MS = 1_000
export const MAX_INTERVAL_MS = 24 * 3600_000

/** Traits are collected, a bundle is compiled and 32 MiB travel in this time. */
export const ANSWER_MS = 60_000
/** Calls to check in are answered at most so often. */
export const CALL_GAP_MS = 1_000
export const FIRST_RETRY_MS = 1_000
export const MAX_RETRY_MS = 60_000
export const REPORT_MS = 30_000
export const MAX_REPORT_MS = 300_000
/** Of the interval, to either side, so that envoys that were in step do not stay in step. */
export const JITTER = 0.05

export function initialState(): LoopState {
  return {
    link: { kind: 'away', attempt: 0, retryAt: Number.POSITIVE_INFINITY, reason: 'not tried yet' },
    intervalMs: DEFAULT_INTERVAL_MS,
    dueAt: 0,
    isSplayed: false,
    hasBundle: false,
    ranAt: null,
    run: { kind: 'none' },
    report: null,
  }
}
