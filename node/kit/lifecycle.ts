import { VigoError } from './errors.ts'

/**
 * A signal that fires when any of the given signals does, or after `timeoutMs`. Use it with `using`, so that its timer
 * and listeners are gone when the work is.
 */
export class Deadline implements Disposable {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #parents: AbortSignal[]
  readonly #forward: () => void

  constructor(timeoutMs: number, what: string, ...parents: (AbortSignal | undefined)[]) {
    this.signal = this.#controller.signal
    this.#parents = parents.filter(signal => signal !== undefined)
    this.#forward = () => this.#controller.abort(this.#parents.find(signal => signal.aborted)?.reason)
    this.#timer = setTimeout(() => {
      this.#controller.abort(new DeadlineError('deadline', `${what} took longer than ${timeoutMs} ms`))
    }, timeoutMs)
    for (const parent of this.#parents) {
      if (parent.aborted) this.#forward()
      else parent.addEventListener('abort', this.#forward, { once: true })
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#forward)
  }
}

export class DeadlineError extends VigoError<'deadline'> {}

/** Rejects with the signal's reason as soon as it fires; the work itself is told through the same signal. */
export async function raceSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}

/** Work that runs behind a daemon: kept so that closing waits for it, and its failures are never unhandled. */
export class TaskGroup {
  readonly #running = new Set<Promise<unknown>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  run(task: () => Promise<unknown>): void {
    const promise = task()
      .catch(this.#onError)
      .finally(() => this.#running.delete(promise))
    this.#running.add(promise)
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}

/** One mutual exclusion per key; waiters run in the order in which they came. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    const tail = mine.then(
      () => undefined,
      () => undefined,
    )
    this.#tails.set(key, tail)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
