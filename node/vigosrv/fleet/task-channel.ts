import type { FromEnvoy, TaskOrder } from '#node/checkin'

/** What an envoy says about a task. */
export type TaskMessage = Extract<FromEnvoy, { type: 'task-output' | 'task-done' }>

export type TaskEvent =
  | TaskMessage
  /** The conversation ended before the task was done; nothing more comes. Whether the task still runs there is not known. */
  | { readonly type: 'task-lost'; readonly task: string }

/** Commands over the conversations that envoys hold open. Peers are public keys, hex. */
export interface TaskChannel {
  isConnected(peer: string): boolean
  /** False when the envoy is not connected. Otherwise listeners hear of the task until `task-done` or `task-lost`, one of which always comes. */
  sendTask(peer: string, order: TaskOrder): boolean
  /** False when the envoy does not have the task from us, or is not connected. It still answers with `task-done`. */
  cancelTask(peer: string, task: string): boolean
  /**
   * Only what the envoy says of tasks that it was sent, and of each no more than `MAX_TASK_OUTPUT_BYTES`; the rest is dropped. Returns
   * the unsubscriber. Listeners must not throw.
   */
  onTask(listener: (peer: string, event: TaskEvent) => void): () => void
}
