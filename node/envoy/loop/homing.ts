import type { PeerId } from '#node/host'
import { jitter, type Random } from '#node/kit'

/**
 * When an envoy that talks to another bolt than the first of its order (its home) goes there. All times are of the monotonic clock, in
 * milliseconds. A home that is new, because routes have changed or the agent has started, is gone to within seconds. One that was seen to
 * fail has to stay for a while first. Nothing here says when it is convenient: see `move` in `next.ts`.
 */
export interface Homing {
  readonly home: PeerId | null
  /** When it became the home. */
  readonly since: number
  readonly connectedAt: number | null
  /** When it was last seen to fail; forgotten when it answers. */
  readonly lostAt: number | null
  /** It has served this machine and is waited for until then; set when it is lost, forgotten when it answers. */
  readonly graceUntil: number | null
  readonly probeAt: number
  readonly probes: number
  /** This machine's place in whatever is spread over time, in [0, 1). */
  readonly share: number
}

export interface HomingTimes {
  /** How long a home that has served this machine is waited for before another bolt is asked: longer than a restart. */
  readonly graceMs: number
  /** How long a home that was seen to fail must be connected before it is gone back to; up to a quarter more, by chance. */
  readonly stableMs: number
  /** Within this time a fleet goes to where new routes say. */
  readonly spreadMs: number
}

export const HOMING_TIMES: HomingTimes = { graceMs: 15_000, stableMs: 60_000, spreadMs: 10_000 }

export type HomingEvent = { readonly at: number } & (
  | { readonly type: 'order'; readonly home: PeerId | null; readonly isConnected: boolean }
  | { readonly type: 'connected' | 'disconnected' }
  /** It has answered a check-in. */
  | { readonly type: 'answered' }
  /** The conversation with it has ended, and not because this machine wanted so. */
  | { readonly type: 'lost' }
  /** It could not be talked to. */
  | { readonly type: 'failed' }
  | { readonly type: 'probed' }
)

export type HomingStep =
  | { readonly type: 'wait'; readonly until: number }
  /** Try to connect to the home. */
  | { readonly type: 'probe' }
  | { readonly type: 'move' }

const FIRST_PROBE_MS = 2_000
const MAX_PROBE_MS = 60_000

export function initialHoming(): Homing {
  return {
    home: null,
    since: 0,
    connectedAt: null,
    lostAt: null,
    graceUntil: null,
    probeAt: 0,
    probes: 0,
    share: 0,
  }
}

/** What is known after something has happened; events other than `order` are about the home. Pure but for `random`. */
export function noted(homing: Homing, event: HomingEvent, { graceMs }: HomingTimes, random: Random): Homing {
  const { at } = event
  switch (event.type) {
    case 'order': {
      if (event.home === homing.home) return homing
      const connectedAt = event.isConnected ? at : null
      const probeAt = at + FIRST_PROBE_MS * random()
      return { ...initialHoming(), home: event.home, since: at, connectedAt, probeAt, share: random() }
    }
    case 'connected':
      return { ...homing, connectedAt: at, probes: 0 }
    case 'disconnected':
      return { ...homing, connectedAt: null, lostAt: at, probes: 0, probeAt: at + FIRST_PROBE_MS * random() }
    case 'answered':
      return { ...homing, lostAt: null, graceUntil: null }
    case 'lost':
      return { ...homing, lostAt: at, graceUntil: homing.graceUntil ?? at + graceMs }
    case 'failed':
      return homing.connectedAt === null ? homing : { ...homing, lostAt: at }
    case 'probed': {
      const waitMs = Math.min(MAX_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(homing.probes, 20))
      return { ...homing, probes: homing.probes + 1, probeAt: at + jitter(waitMs, 0.3, random) }
    }
  }
}

/** What to do while this machine talks to `linked`. */
export function stepOf(homing: Homing, at: number, linked: PeerId | null, times: HomingTimes): HomingStep {
  const { home, connectedAt, probeAt } = homing
  if (home === null || linked === null || linked === home) return { type: 'wait', until: Number.POSITIVE_INFINITY }
  if (connectedAt === null) return at >= probeAt ? { type: 'probe' } : { type: 'wait', until: probeAt }
  const readyAt = readyToMoveAt(homing, connectedAt, times)
  return at >= readyAt ? { type: 'move' } : { type: 'wait', until: readyAt }
}

function readyToMoveAt(
  { since, lostAt, share }: Homing,
  connectedAt: number,
  { stableMs, spreadMs }: HomingTimes,
): number {
  const isNew = lostAt === null && connectedAt - since <= stableMs
  return isNew ? connectedAt + spreadMs * share : Math.max(connectedAt, lostAt ?? 0) + stableMs * (1 + share / 4)
}

/** For how long no other bolt than the home is asked; 0 when any may be. */
export function graceLeftMs({ graceUntil }: Homing, at: number): number {
  return graceUntil === null ? 0 : Math.max(0, graceUntil - at)
}
