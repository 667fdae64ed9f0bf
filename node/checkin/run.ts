import { type Static, Type } from '@sinclair/typebox'

/** What a run found about one resource, and did about it. */
export const RESOURCE_STATES = [
  /** As it should be; nothing was done. */
  'compliant',
  /** It had been as it should be in an earlier run and was not any more: drift, put right. */
  'corrected',
  /** It, or what it asks for, was new: put as it should be. */
  'changed',
  /** A dry run found that it differs. */
  'would-change',
  /** A dry run cannot tell, because it depends on something that the run would have done. */
  'unknown-in-check',
  /** Its condition, guard or missing trigger says that there is nothing to do. */
  'skipped',
  /** Not tried: something that it depends on failed, a guardrail forbids it, or the machine itself is in the way (disk full, broken repository). */
  'blocked',
  'failed',
  /** It was put right, and the service that had to start again because of a change did not. */
  'failed-restart',
] as const

export type ResourceState = (typeof RESOURCE_STATES)[number]

const Text = (maxLength: number) => Type.String({ maxLength })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const HexHash = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** One attribute that was not as it should be. Values are for people: cut short, secrets hidden. */
export const Change = Type.Object({ attribute: Text(64), from: Text(512), to: Text(512) })
export type Change = Static<typeof Change>

export const ResourceResult = Type.Object({
  /** As in the bundle: `crate/name`. */
  id: Text(512),
  type: Text(64),
  state: Type.Union(RESOURCE_STATES.map(state => Type.Literal(state))),
  /** One sentence: why it was skipped, blocked, or failed, and what to do. */
  message: Type.Optional(Text(2048)),
  changes: Type.Optional(Type.Array(Change, { maxItems: 64 })),
  /** Unified, of the contents of a file. Never of a file whose contents refer to a secret. */
  diff: Type.Optional(Text(16_384)),
  /** What a command printed, its end. */
  output: Type.Optional(Text(16_384)),
  durationMs: Count,
})
export type ResourceResult = Static<typeof ResourceResult>

/** Resources by state; all states are there. */
export type StateCounts = Readonly<Record<ResourceState, number>>

/** One pass of an envoy over its bundle. */
export const Run = Type.Object({
  /** Random; the same run may be reported more than once, and counts once. */
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  release: Type.Union([HexHash, Type.Literal('')]),
  /** Hash of the bundle. */
  bundle: HexHash,
  mode: Type.Union([Type.Literal('enforce'), Type.Literal('dry-run')]),
  /** The envoy's own clock, Unix milliseconds. */
  startedAt: Count,
  durationMs: Count,
  /** `interrupted`: the agent was ended in the middle; the results are those that were written down before. */
  outcome: Type.Union([Type.Literal('completed'), Type.Literal('interrupted')]),
  /** From the bundle that was kept, because no server answered. */
  offline: Type.Boolean(),
  counts: Type.Object(Object.fromEntries(RESOURCE_STATES.map(state => [state, Count]))),
  /** All that are neither compliant nor skipped, in the order of the bundle, at most `MAX_RESULTS`. */
  results: Type.Array(ResourceResult, { maxItems: 1000 }),
  /** How many results there were beyond those. */
  resultsLeftOut: Count,
})
export type Run = Omit<Static<typeof Run>, 'counts'> & { readonly counts: StateCounts }

export const MAX_RESULTS = 1000

/** How a run left the machine. */
export type RunOutcome = 'converged' | 'changed' | 'degraded' | 'failed'

/**
 * `failed`: nothing of what was applied worked; `degraded`: some of it failed or was blocked; `changed`: something was put right or would
 * have to be; `converged`: all was as it should be.
 */
export function outcomeOf({ counts, outcome }: Pick<Run, 'counts' | 'outcome'>): RunOutcome {
  const bad = counts.failed + counts['failed-restart'] + counts.blocked
  const good = counts.compliant + counts.corrected + counts.changed
  if (bad > 0) return good === 0 ? 'failed' : 'degraded'
  if (outcome === 'interrupted') return 'degraded'
  return counts.corrected + counts.changed + counts['would-change'] > 0 ? 'changed' : 'converged'
}

export function noCounts(): Record<ResourceState, number> {
  return {
    compliant: 0,
    corrected: 0,
    changed: 0,
    'would-change': 0,
    'unknown-in-check': 0,
    skipped: 0,
    blocked: 0,
    failed: 0,
    'failed-restart': 0,
  }
}
