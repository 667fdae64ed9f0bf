import { type Clock, isAbort, jitter, type Logger, messageOf, type Random, TaskGroup } from '#node/kit'
import { type Exchange, ExchangeError } from '#swarm/exchange'
import type { BlobDescriptor, BlobStat, BlobStore } from '#swarm/store'
import { matchesTarget, parseTarget, type Self } from './target.ts'

/** Something that may have to lie on this machine. */
export interface Wanted {
  /** Names the reason, for status: `<puddle>/<artifact>`. */
  readonly name: string
  readonly target: string
  readonly blobs: readonly BlobDescriptor[]
}

export interface ReplicaSource {
  wanted(): Iterable<Wanted>
  onChange(listener: () => void): () => void
}

export interface ReplicaStatus {
  /** Blobs that a target asks this machine to hold. */
  readonly wanted: number
  readonly held: number
  readonly fetching: number
  /** Why something wanted is not held, when something is not: one sentence. */
  readonly waitingFor: string | null
  readonly failures: readonly { readonly blob: string; readonly name: string; readonly reason: string }[]
}

/** At or below this share of free disk nothing is replicated. */
export const MIN_FREE_DISK = 0.1
const RECHECK_MS = 60_000
const MAX_START_DELAY_MS = 1_500
const CONCURRENT = 2
const MAX_FAILURES_SHOWN = 20

/**
 * Keeps on this machine what targets ask it to hold: evaluates every target against itself, fetches what is missing with the
 * priority of a replica, and answers which blobs collection must not touch. Failures are tried again at the next recheck.
 */
export class Replicas {
  readonly #options: ReplicasOptions
  readonly #tasks: TaskGroup
  readonly #stop = new AbortController()
  readonly #queue = new Map<string, { blob: BlobDescriptor; name: string }>()
  readonly #running = new Set<string>()
  readonly #failures = new Map<string, { name: string; reason: string }>()
  readonly #unsubscribe: () => void
  #held = 0
  #wantedCount = 0
  #diskLow = false
  #wake: () => void = () => undefined

  constructor(options: ReplicasOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.error('replicas-failed', { reason: messageOf(error) })
    })
    this.#unsubscribe = options.source.onChange(() => this.#wake())
    this.#tasks.run(() => this.#evaluateForever())
  }

  /** True for a blob that a target asks this machine to hold; its last copy is never collected here. */
  isWanted(sha: string): boolean {
    for (const { blobs } of this.#mine()) if (blobs.some(blob => blob.sha === sha)) return true
    return false
  }

  /** A set of what `isWanted` answers true for, for many questions at once. */
  wantedBlobs(): Set<string> {
    const wanted = new Set<string>()
    for (const { blobs } of this.#mine()) for (const blob of blobs) wanted.add(blob.sha)
    return wanted
  }

  status(): ReplicaStatus {
    const waiting = this.#wantedCount - this.#held
    return {
      wanted: this.#wantedCount,
      held: this.#held,
      fetching: this.#running.size,
      waitingFor: waiting > 0 && this.#diskLow ? `the disk has at most ${MIN_FREE_DISK * 100} % free` : null,
      failures: [...this.#failures].slice(0, MAX_FAILURES_SHOWN).map(([blob, failure]) => ({ blob, ...failure })),
    }
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#stop.abort()
    this.#wake()
    await this.#tasks.settled()
  }

  *#mine(): Iterable<Wanted> {
    const self = this.#options.self()
    for (const wanted of this.#options.source.wanted()) {
      if (matches(wanted.target, self)) yield wanted
    }
  }

  async #evaluateForever(): Promise<void> {
    const { clock, random, logger } = this.#options
    while (!this.#stop.signal.aborted) {
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      await this.#evaluate().catch((error: unknown) =>
        logger.warn('replicas-not-evaluated', { reason: messageOf(error) }),
      )
      await Promise.race([woken, clock.sleep(jitter(RECHECK_MS, 0.2, random), { signal: this.#stop.signal })])
      await clock.sleep(50, { signal: this.#stop.signal })
    }
  }

  async #evaluate(): Promise<void> {
    const { store } = this.#options
    let wantedCount = 0
    let held = 0
    this.#queue.clear()
    const seen = new Set<string>()
    for (const { blobs, name } of this.#mine()) {
      for (const blob of blobs) {
        if (seen.has(blob.sha)) continue
        seen.add(blob.sha)
        wantedCount++
        if ((await store.stat(blob.sha))?.state === 'complete') held++
        else if (!this.#running.has(blob.sha)) this.#queue.set(blob.sha, { blob, name })
      }
    }
    this.#wantedCount = wantedCount
    this.#held = held
    for (const sha of this.#failures.keys()) if (!seen.has(sha)) this.#failures.delete(sha)
    const { diskFreeBytes, diskSizeBytes } = await store.usage()
    const low = diskFreeBytes <= diskSizeBytes * MIN_FREE_DISK
    if (low && !this.#diskLow && this.#queue.size > 0) {
      this.#options.logger.warn(
        'replicas-paused',
        { diskFreeBytes, diskSizeBytes },
        'disk is almost full; replicas wait',
      )
    }
    this.#diskLow = low
    if (!low) this.#fill()
  }

  #fill(): void {
    for (const [sha, { blob, name }] of this.#queue) {
      if (this.#running.size >= CONCURRENT) return
      this.#queue.delete(sha)
      this.#running.add(sha)
      this.#tasks.run(() => this.#fetch(blob, name))
    }
  }

  async #fetch(blob: BlobDescriptor, name: string): Promise<void> {
    const { exchange, clock, random, logger } = this.#options
    const { signal } = this.#stop
    try {
      await clock.sleep(random() * MAX_START_DELAY_MS, { signal })
      await exchange.fetch(blob, { priority: 'replica', signal })
      this.#failures.delete(blob.sha)
      this.#held++
      logger.info('replica-held', { blob: blob.sha, name })
    } catch (error) {
      if (signal.aborted) return
      const reason = messageOf(error)
      this.#failures.set(blob.sha, { name, reason })
      const code = error instanceof ExchangeError ? error.code : 'failed'
      logger.warn('replica-failed', { blob: blob.sha, name, code }, `${name} is not replicated yet: ${reason}`)
    } finally {
      this.#running.delete(blob.sha)
      if (!signal.aborted) this.#fill()
    }
  }
}

/** What collection keeps on this machine beside pins: everything that a target asks for. */
export function keepWanted(replicas: Replicas): (blob: BlobStat) => boolean {
  const wanted = replicas.wantedBlobs()
  return blob => wanted.has(blob.sha)
}

export interface ReplicasOptions {
  exchange: Exchange
  store: BlobStore
  source: ReplicaSource
  self: () => Self
  clock: Clock
  random: Random
  logger: Logger
}

/** A target that does not parse (a newer form, a hostile publisher) matches nobody. */
function matches(target: string, self: Self): boolean {
  try {
    return matchesTarget(parseTarget(target), self)
  } catch {
    return false
  }
}
