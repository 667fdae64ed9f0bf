export type TaskState = 'running' | 'succeeded' | 'failed' | 'aborted'

export type TaskHostState =
  | 'waiting'
  | 'running'
  | 'succeeded'
  /** Exited with another code than 0. */
  | 'failed'
  | 'timed-out'
  /** A guardrail of the envoy. */
  | 'refused'
  /** Not connected when its turn came, or lost while it ran. */
  | 'unreachable'
  /** The task ended before its turn. */
  | 'skipped'
  | 'cancelled'

export interface TaskHost {
  readonly peer: string
  readonly hostname: string
  readonly batch: number
  readonly state: TaskHostState
  readonly exitCode: number | null
  readonly problem: string
  /** Its end, secrets of parameters hidden. */
  readonly output: string
  readonly durationMs: number
}

export interface TaskRow {
  readonly id: string
  /** Of a named task. */
  readonly name: string | null
  readonly command: string
  readonly target: string
  readonly by: string
  readonly state: TaskState
  /** Why it failed or was aborted. */
  readonly reason: string
  readonly startedAt: number
  readonly endedAt: number | null
  readonly batches: number
  /** Counted from 1; 0 before the first. */
  readonly batch: number
  readonly hosts: readonly TaskHost[]
}

/** What was run, for pages and lists. */
export interface TasksView {
  /** The newest first. */
  list(options: { limit: number }): Promise<readonly TaskRow[]>
  get(id: string): Promise<TaskRow | null>
}
