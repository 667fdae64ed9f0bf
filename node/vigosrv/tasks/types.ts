import type { AuditEvent } from '#node/audit'

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

/** What somebody wants run. Of `command` and `task` there is exactly one. */
export interface TaskRequest {
  /** A shell command. */
  readonly command?: string
  /** Name of a task of the live release. */
  readonly task?: string
  /** Host names, globs, public keys, `path=value` traits, in a comma list; `-` excludes. May be left out where the named task has one. */
  readonly target?: string
  /** Of a named task. A value may be `secret:<path>`. */
  readonly params?: Readonly<Record<string, string>>
  /** How long one host may take. */
  readonly timeoutMs?: number
  /** `5` or `25%` of the targets; all at once when absent. */
  readonly batchSize?: string
  /** `2` or `10%` of all targets: one more ends the run. Default 0. */
  readonly maxFailures?: string
  /** A command that is run on the server, or an `http(s)://` URL that must answer with 2xx, after each batch. */
  readonly healthCheck?: string
  /** 0 to 19. */
  readonly nice?: number
  /** Also when the command looks dangerous. */
  readonly force?: boolean
}

/** What a request comes to, before anything is run. */
export interface TaskPlan {
  readonly name: string | null
  /** Secrets hidden. */
  readonly command: string
  readonly target: string
  readonly batches: readonly (readonly TaskTarget[])[]
  /** Hosts that may fail. */
  readonly maxFailures: number
  readonly timeoutMs: number
  readonly healthCheck: string | null
  readonly nice: number
  /** Why the command is refused without `force`; null when it is not. */
  readonly danger: string | null
}

export interface TaskTarget {
  readonly peer: string
  readonly hostname: string
  readonly isConnected: boolean
}

/** Who asks, for history and audit. */
export interface TaskCaller {
  readonly name: string
  readonly via: AuditEvent['via']
}

export type TaskProgress =
  /** First, and after each change of the run itself; hosts without their output. */
  | { readonly type: 'task'; readonly task: TaskRow }
  | { readonly type: 'host'; readonly host: TaskHost }
  | {
      readonly type: 'output'
      readonly peer: string
      readonly hostname: string
      readonly stream: 'stdout' | 'stderr'
      readonly text: string
    }
  /** The reader was too slow; so many pieces of output were left out. */
  | { readonly type: 'gap'; readonly pieces: number }

export interface WorkflowStepRow {
  readonly name: string
  /** Null before its turn. */
  readonly task: string | null
  readonly state: 'waiting' | TaskState | 'skipped'
  readonly reason: string
}

export interface WorkflowRow {
  readonly id: string
  readonly name: string
  readonly by: string
  readonly state: TaskState
  readonly reason: string
  readonly startedAt: number
  readonly endedAt: number | null
  readonly steps: readonly WorkflowStepRow[]
}

/** A task or workflow that the live release declares. */
export interface NamedTask {
  readonly name: string
  readonly description: string
  readonly params: readonly { readonly name: string; readonly description: string; readonly required: boolean }[]
}

/** What was run, for pages and lists. */
export interface TasksView {
  /** The newest first, hosts without their output. */
  list(options: { limit: number }): Promise<readonly TaskRow[]>
  get(id: string): Promise<TaskRow | null>
  /** Ends after the task did. @throws TaskError 'unknown-run' */
  watch(id: string, options?: { signal?: AbortSignal | undefined }): AsyncIterable<TaskProgress>
  /** Those of the live release. */
  named(): readonly NamedTask[]
  workflows(options: { limit: number }): Promise<readonly WorkflowRow[]>
  workflow(id: string): Promise<WorkflowRow | null>
}

/** What operators do with tasks. All of it is audited. */
export interface TasksControl {
  /** A dry run. @throws TaskError as `run`, but for 'dangerous' */
  plan(request: TaskRequest, options?: { signal?: AbortSignal | undefined }): Promise<TaskPlan>
  /**
   * Starts it and answers its first row; it goes on by itself.
   * @throws TaskError 'bad-request', 'unknown-task', 'no-hosts', 'dangerous', 'too-many-tasks'
   */
  run(request: TaskRequest, caller: TaskCaller, options?: { signal?: AbortSignal | undefined }): Promise<TaskRow>
  /** Cancels what runs and starts nothing more. @throws TaskError 'unknown-run', 'already-ended' */
  abort(id: string, caller: TaskCaller): Promise<void>
  /** @throws TaskError as `run`, for any of its steps, before the first one starts */
  runWorkflow(name: string, request: { target?: string; force?: boolean }, caller: TaskCaller): Promise<WorkflowRow>
  abortWorkflow(id: string, caller: TaskCaller): Promise<void>
}
