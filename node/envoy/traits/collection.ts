import canonicalize from 'canonicalize'
import { MAX_TRAITS_BYTES } from '#node/checkin'
import { type Clock, Deadline, type Logger, messageOf, raceSignal, sha256Hex } from '#node/kit'
import type { Collector, Freshness, HostView, Traits } from './collector.ts'

const COLLECT_MS = 5_000
const MAX_AGE_MS: Readonly<Record<Freshness, number>> = { volatile: 0, stable: 10 * 60_000, periodic: 60 * 60_000 }

export interface Collected {
  readonly traits: Traits
  /** SHA-256 of their canonical JSON. */
  readonly hash: string
}

export interface TraitCollectionOptions {
  readonly host: HostView
  readonly collectors: readonly Collector[]
  readonly clock: Clock
  readonly logger: Logger
  readonly collectMs?: number
  readonly maxBytes?: number
}

interface Kept {
  readonly traits: Traits
  readonly at: number
}

/**
 * The traits of this machine. Collectors run side by side, each with a time of its own; what one found earlier stays while it is
 * fresh, and also when it fails later.
 */
export class TraitCollection {
  readonly #options: TraitCollectionOptions
  readonly #kept = new Map<string, Kept>()
  readonly #running = new Set<string>()
  #underWay: Promise<Collected> | null = null
  #latest: Collected = { traits: {}, hash: sha256Hex('{}') }

  constructor(options: TraitCollectionOptions) {
    this.#options = options
  }

  /** Of the last collection. */
  get latest(): Collected {
    return this.#latest
  }

  /** A value by its path: `os.family`. */
  valueOf(path: string): unknown {
    return valueAt(this.#latest.traits, path)
  }

  /** Who asks while a collection is under way gets its result. */
  collect({ signal }: { signal: AbortSignal }): Promise<Collected> {
    this.#underWay ??= this.#collect().finally(() => {
      this.#underWay = null
    })
    return raceSignal(this.#underWay, signal)
  }

  /** Ends by the time limits of the collectors, whoever has stopped to wait for it. */
  async #collect(): Promise<Collected> {
    await Promise.all(this.#options.collectors.map(collector => this.#refresh(collector)))
    const parts = this.#options.collectors.map(({ name }) => this.#kept.get(name)?.traits ?? {})
    this.#latest = this.#fitted(parts)
    return this.#latest
  }

  async #refresh(collector: Collector): Promise<void> {
    const { clock, logger, host, collectMs = COLLECT_MS } = this.#options
    const { name, freshness } = collector
    const kept = this.#kept.get(name)
    if (kept !== undefined && clock.monotonicMs() - kept.at < MAX_AGE_MS[freshness]) return
    // One that hangs in the kernel is not started a second time beside itself.
    if (this.#running.has(name)) return
    using deadline = new Deadline(collectMs, `collecting the traits of '${name}'`)
    this.#running.add(name)
    const work = collector.collect(host, { signal: deadline.signal }).finally(() => this.#running.delete(name))
    try {
      const traits = await raceSignal(work, deadline.signal)
      this.#kept.set(name, { traits, at: clock.monotonicMs() })
    } catch (error) {
      logger.warn('traits-failed', { collector: name, reason: messageOf(error) })
    }
  }

  /** All of them as one, without the largest ones when they are more than a server takes. */
  #fitted(parts: readonly Traits[]): Collected {
    const { logger, maxBytes = MAX_TRAITS_BYTES } = this.#options
    const sized = parts
      .flatMap(part => Object.entries(part))
      .map(([name, value]) => ({ name, value, bytes: Buffer.byteLength(canonicalize(value) ?? '') + name.length + 4 }))
    let total = sized.reduce((sum, { bytes }) => sum + bytes, 2)
    for (const largest of sized.toSorted((a, b) => b.bytes - a.bytes)) {
      if (total <= maxBytes) break
      sized.splice(sized.indexOf(largest), 1)
      total -= largest.bytes
      logger.warn('traits-too-large', { trait: largest.name, bytes: largest.bytes }, 'left out of what the server gets')
    }
    const traits = Object.fromEntries(sized.map(({ name, value }) => [name, value]))
    const text = canonicalize(traits) ?? '{}'
    return { traits: JSON.parse(text) as Traits, hash: sha256Hex(text) }
  }
}

/** A value by its path of names; undefined when there is none. */
export function valueAt(traits: Traits, path: string): unknown {
  let value: unknown = traits
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
