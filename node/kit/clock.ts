import { setTimeout as sleepTimer } from 'node:timers/promises'

/** Time as a parameter, so that tests and simulations run in virtual time. */
export interface Clock {
  /** Unix milliseconds. Advice only: it may jump. */
  now(): number
  /** Milliseconds that never go backwards; only differences mean anything. */
  monotonicMs(): number
  sleep(durationMs: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, options) =>
    sleepTimer(durationMs, undefined, options?.signal === undefined ? {} : { signal: options.signal }),
}

/** A number in [0, 1). Seeded in simulations, the operating system's in production. */
export type Random = () => number

/** Small seeded generator (mulberry32) for tests and simulations; never for keys or tokens. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `durationMs` spread by ±`fraction`, so that a fleet does not act in step. */
export function jitter(durationMs: number, fraction: number, random: Random): number {
  return durationMs * (1 + fraction * (2 * random() - 1))
}

/** How long to wait after try number `attempt` (from 0) failed: doubles from `firstMs` to `mostMs`; at random in its upper half. */
export function backoff(
  attempt: number,
  { firstMs, mostMs }: { firstMs: number; mostMs: number },
  random: Random,
): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20)) * (0.5 + 0.5 * random())
}
