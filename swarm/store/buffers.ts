import type { BufferPool, PooledBuffer } from './types.ts'

const ALIGNMENT = 4096
const DEFAULT_CAPACITY_BYTES = 48 * 1024 * 1024
const IDLE_MS = 5_000

export interface BufferPoolOptions {
  /** Default: 48 MiB. */
  capacityBytes?: number
  /** The memory goes back to the system when nothing was in use for this long. */
  idleMs?: number
}

interface Waiter {
  readonly length: number
  readonly resolve: (buffer: PooledBuffer) => void
}

interface Gap {
  start: number
  end: number
}

/**
 * One shared arena, handed out first-fit from its low end. Pages become resident only when they are touched, so the
 * footprint is the highest use so far, and no buffer is ever garbage. A request waits while it does not fit in one gap;
 * waiters are served strictly in order, so that a large one is not starved by small ones.
 */
export function createBufferPool(options: BufferPoolOptions = {}): BufferPool {
  return new ArenaPool(options)
}

class ArenaPool implements BufferPool {
  readonly capacityBytes: number
  readonly #idleMs: number
  readonly #waiters: Waiter[] = []
  #arena: SharedArrayBuffer | null = null
  #gaps: Gap[]
  #inUse = 0
  #idle: NodeJS.Timeout | undefined

  constructor(options: BufferPoolOptions) {
    this.capacityBytes = Math.ceil((options.capacityBytes ?? DEFAULT_CAPACITY_BYTES) / ALIGNMENT) * ALIGNMENT
    this.#idleMs = options.idleMs ?? IDLE_MS
    this.#gaps = [{ start: 0, end: this.capacityBytes }]
  }

  async acquire(length: number, options: { signal?: AbortSignal | undefined } = {}): Promise<PooledBuffer> {
    const { signal } = options
    signal?.throwIfAborted()
    if (length > this.capacityBytes) {
      throw new RangeError(`a buffer of ${length} bytes is more than the whole pool of ${this.capacityBytes}`)
    }
    return this.tryAcquire(length) ?? this.#wait(length, signal)
  }

  tryAcquire(length: number): PooledBuffer | null {
    return this.#waiters.length > 0 ? null : this.#take(length)
  }

  #wait(length: number, signal: AbortSignal | undefined): Promise<PooledBuffer> {
    const { promise, resolve, reject } = Promise.withResolvers<PooledBuffer>()
    const waiter: Waiter = { length, resolve }
    this.#waiters.push(waiter)
    if (signal === undefined) return promise
    const onAbort = (): void => {
      const at = this.#waiters.indexOf(waiter)
      if (at < 0) return
      this.#waiters.splice(at, 1)
      reject(signal.reason)
      this.#serveWaiters()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  #take(length: number): PooledBuffer | null {
    const rounded = Math.max(ALIGNMENT, Math.ceil(length / ALIGNMENT) * ALIGNMENT)
    const at = this.#gaps.findIndex(gap => gap.end - gap.start >= rounded)
    const gap = this.#gaps[at]
    if (gap === undefined) return null
    const start = gap.start
    gap.start += rounded
    if (gap.start === gap.end) this.#gaps.splice(at, 1)
    this.#inUse++
    clearTimeout(this.#idle)
    this.#arena ??= new SharedArrayBuffer(this.capacityBytes)
    let held = true
    return {
      bytes: new Uint8Array(this.#arena, start, length),
      release: () => {
        if (!held) return
        held = false
        this.#giveBack({ start, end: start + rounded })
      },
    }
  }

  #giveBack(range: Gap): void {
    const next = this.#gaps.findIndex(gap => gap.start > range.start)
    const at = next < 0 ? this.#gaps.length : next
    const before = this.#gaps[at - 1]
    const after = this.#gaps[at]
    if (after?.start === range.end) {
      range.end = after.end
      this.#gaps.splice(at, 1)
    }
    if (before?.end === range.start) before.end = range.end
    else this.#gaps.splice(at, 0, range)
    this.#inUse--
    this.#serveWaiters()
    if (this.#inUse > 0) return
    this.#idle = setTimeout(() => {
      if (this.#inUse === 0) this.#arena = null
    }, this.#idleMs).unref()
  }

  #serveWaiters(): void {
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      const buffer = this.#take(first.length)
      if (buffer === null) return
      this.#waiters.shift()
      first.resolve(buffer)
    }
  }
}
