import type { TaskProgress } from './types.ts'

/** Pieces of output that wait for a slow reader; beyond them they are counted instead. */
const MAX_WAITING_OUTPUT = 500

/** One reader of the progress of a run. Never holds up the run: output that it is too slow for is left out, states are not. */
export class Watcher {
  #queue: TaskProgress[] = []
  #outputs = 0
  #gap = 0
  #isOver = false
  #wake: (() => void) | undefined

  push(progress: TaskProgress): void {
    if (progress.type === 'output') {
      if (this.#outputs >= MAX_WAITING_OUTPUT) {
        this.#gap++
        return
      }
      this.#outputs++
    }
    // A newer row says all that an older one does, and has all hosts.
    if (progress.type === 'task') this.#queue = this.#queue.filter(({ type }) => type !== 'task')
    this.#queue.push(progress)
    this.#wake?.()
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true
    this.#wake?.()
  }

  async *read(signal: AbortSignal | undefined): AsyncGenerator<TaskProgress> {
    const wake = (): void => this.#wake?.()
    signal?.addEventListener('abort', wake)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const ready = this.#queue
        this.#queue = []
        this.#outputs = 0
        yield* ready
        if (this.#gap > 0) {
          yield { type: 'gap', pieces: this.#gap }
          this.#gap = 0
        }
        if (this.#queue.length > 0 || signal?.aborted === true) continue
        if (this.#isOver) return
        await new Promise<void>(resolve => (this.#wake = resolve))
        this.#wake = undefined
      }
    } finally {
      signal?.removeEventListener('abort', wake)
    }
  }
}
