import { type FromBolt, MAX_TASK_OUTPUT_BYTES, type TaskOrder } from '#node/checkin'
import type { Conversation, Conversations } from './conversation.ts'
import type { TaskChannel, TaskEvent, TaskMessage } from './task-channel.ts'

/** More commands at once are no use to one machine. */
const MAX_TASKS = 64

/** Orders to envoys and what they say about them. */
export class TaskDesk implements TaskChannel {
  readonly #conversations: Conversations
  readonly #listeners = new Set<(peer: string, event: TaskEvent) => void>()

  constructor(conversations: Conversations) {
    this.#conversations = conversations
    conversations.onEnd(({ state, tasks }) => {
      for (const task of tasks.keys()) {
        tasks.delete(task)
        this.#tell(state.peer, { type: 'task-lost', task })
      }
    })
  }

  isConnected(peer: string): boolean {
    return this.#conversations.get(peer) !== undefined
  }

  sendTask(peer: string, order: TaskOrder): boolean {
    const conversation = this.#conversations.get(peer)
    if (conversation === undefined || conversation.tasks.size >= MAX_TASKS) return false
    conversation.tasks.set(order.id, MAX_TASK_OUTPUT_BYTES)
    this.#send(conversation, { type: 'run-task', task: order })
    return true
  }

  cancelTask(peer: string, task: string): boolean {
    const conversation = this.#conversations.get(peer)
    if (conversation?.tasks.has(task) !== true) return false
    this.#send(conversation, { type: 'cancel-task', id: task })
    return true
  }

  onTask(listener: (peer: string, event: TaskEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What an envoy says of a task that it was not sent is nobody's. */
  receive({ state, tasks }: Conversation, message: TaskMessage): void {
    const left = tasks.get(message.task)
    if (left === undefined) return
    if (message.type === 'task-done') tasks.delete(message.task)
    else {
      const bytes = Buffer.byteLength(message.text)
      if (bytes > left) return
      tasks.set(message.task, left - bytes)
    }
    this.#tell(state.peer, message)
  }

  #tell(peer: string, event: TaskEvent): void {
    for (const listener of this.#listeners) listener(peer, event)
  }

  /** A stream that breaks ends the conversation, and its tasks with it. */
  #send({ session }: Conversation, message: FromBolt): void {
    session.send(message).catch((error: Error) => session.close(error))
  }
}
