import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { messageOf, VigoError } from '#node/kit'
import { CHUNKER_MODULE } from '#swarm/chunk'
import { StoreError } from './errors.ts'
import type { SharedSlice, Task, TaskReply, TaskResult, TaskType } from './tasks.ts'

const IDLE_MS = 3_000
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js', import.meta.url)

type SessionTask = Extract<Task, { session: number }>

export interface WorkerPoolOptions {
  /** Default: the number of cores, at most 2. */
  size?: number
  /** Threads end when nothing was to do for this long. */
  idleMs?: number
}

interface Pending {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  sessions: number
}

/** State that lives in one thread between tasks: a running hash or chunker. */
export interface Session {
  run<T extends SessionTask['type']>(
    type: T,
    fields: Omit<Extract<SessionTask, { type: T }>, 'type' | 'session'>,
  ): Promise<TaskResult[T]>
  /** Idempotent. Tasks must not follow. */
  close(): void
}

/** Code of the error of a task whose thread is gone, and all that it kept with it. */
export const THREAD_ENDED = 'thread-ended'

class WorkerFault extends VigoError<string> {}

/** Threads for hashing, chunking and writing. Tasks of one session run in order; others go where the least is queued. */
export class WorkerPool {
  readonly #size: number
  readonly #idleMs: number
  readonly #threads: (Thread | null)[]
  #nextId = 1
  #closed = false
  #idle: NodeJS.Timeout | undefined

  constructor(options: WorkerPoolOptions = {}) {
    this.#size = Math.max(1, options.size ?? Math.min(2, availableParallelism()))
    this.#idleMs = options.idleMs ?? IDLE_MS
    this.#threads = Array.from({ length: this.#size }, () => null)
  }

  run<T extends TaskType>(task: Extract<Task, { type: T }>): Promise<TaskResult[T]> {
    return this.#post<T>(
      this.#leastBusy(thread => thread.pending.size),
      task,
    )
  }

  session(): Session {
    const thread = this.#leastBusy(candidate => candidate.sessions * 1000 + candidate.pending.size)
    thread.sessions++
    const session = this.#nextId++
    let open = true
    return {
      run: <T extends SessionTask['type']>(type: T, fields: object) =>
        this.#post<T>(thread, { type, session, ...fields } as Task),
      close: () => {
        if (!open) return
        open = false
        thread.sessions--
        if (this.#threads.includes(thread)) this.#post<'drop'>(thread, { type: 'drop', session }).catch(() => undefined)
      },
    }
  }

  /** Ends the threads; what is queued rejects. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    await this.#endAll()
  }

  #leastBusy(load: (thread: Thread) => number): Thread {
    if (this.#closed) throw new StoreError('closed', 'the blob store was closed')
    const free = this.#threads.indexOf(null)
    let best: Thread | null = null
    for (const thread of this.#threads) if (thread && (best === null || load(thread) < load(best))) best = thread
    if (best !== null && (free < 0 || load(best) === 0)) return best
    const thread = this.#start(free)
    this.#threads[free] = thread
    return thread
  }

  #start(place: number): Thread {
    const worker = new Worker(ENTRY, { name: `vigo-store-${place}`, workerData: { chunkerModule: CHUNKER_MODULE } })
    const thread: Thread = { worker, pending: new Map(), sessions: 0 }
    worker.on('message', (reply: TaskReply) => {
      const pending = thread.pending.get(reply.id)
      thread.pending.delete(reply.id)
      if (thread.pending.size === 0) this.#rest(thread)
      if ('error' in reply) pending?.reject(new WorkerFault(reply.error.code ?? 'worker', reply.error.message))
      else pending?.resolve(reply.result as never)
    })
    const onEnd = (error: unknown): void => {
      if (this.#threads[place] === thread) this.#threads[place] = null
      for (const { reject } of thread.pending.values()) {
        reject(
          this.#closed
            ? new StoreError('closed', 'the blob store was closed')
            : new WorkerFault(THREAD_ENDED, `a store thread ended: ${messageOf(error)}`),
        )
      }
      thread.pending.clear()
    }
    worker.on('error', onEnd)
    worker.on('exit', code => onEnd(`exit code ${code}`))
    worker.unref()
    return thread
  }

  #post<T extends TaskType>(thread: Thread, task: Task): Promise<TaskResult[T]> {
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult[T]>()
    if (!this.#threads.includes(thread)) {
      reject(new WorkerFault(THREAD_ENDED, 'the store thread that kept this hash has ended'))
      return promise
    }
    const id = this.#nextId++
    clearTimeout(this.#idle)
    if (thread.pending.size === 0) thread.worker.ref()
    thread.pending.set(id, { resolve, reject })
    thread.worker.postMessage({ id, task })
    return promise
  }

  #rest(thread: Thread): void {
    thread.worker.unref()
    if (this.#threads.some(other => other && (other.pending.size > 0 || other.sessions > 0))) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      if (this.#threads.every(other => !other || (other.pending.size === 0 && other.sessions === 0)))
        void this.#endAll()
    }, this.#idleMs).unref()
  }

  async #endAll(): Promise<void> {
    const threads = this.#threads.filter(thread => thread !== null)
    this.#threads.fill(null)
    await Promise.all(threads.map(thread => thread.worker.terminate()))
  }
}

/** @throws RangeError when the bytes are not over shared memory */
export function sharedSlice(bytes: Uint8Array): SharedSlice {
  if (!(bytes.buffer instanceof SharedArrayBuffer)) throw new RangeError('a buffer of the pool is over shared memory')
  return { buffer: bytes.buffer, offset: bytes.byteOffset, length: bytes.byteLength }
}
