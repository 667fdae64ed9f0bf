import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Empty, Fields, Hex32, Line, NoFields, OrNull, Time } from '../forms.ts'

const Hosts = Type.Array(Type.String())

const staged = {
  selector: Type.String(),
  release: Hex32,
  base: Hex32,
  by: Type.String(),
  since: Time,
  hosts: Hosts,
  converged: Hosts,
  failed: Hosts,
}

export const Canary = Type.Union([
  Type.Object({
    phase: Type.Literal('announced'),
    selector: Type.String(),
    base: Hex32,
    by: Type.String(),
    since: Time,
  }),
  Type.Object({
    ...staged,
    phase: Type.Literal('watching'),
    until: Time,
    problem: Type.Optional(Type.String({ description: 'why it waits for a person to promote or stop it' })),
  }),
  Type.Object({ ...staged, phase: Type.Literal('promoted'), at: Time, reason: Type.String() }),
  Type.Object({ ...staged, phase: Type.Literal('stopped'), at: Time, reason: Type.String() }),
])
export type Canary = Static<typeof Canary>

const Evidence = Type.Object({
  judged: Count,
  harmed: Count,
  harmedHosts: Hosts,
  notJudged: Count,
})

export const Verdict = Type.Object({
  release: Hex32,
  verdict: Type.Union([
    Type.Literal('healthy'),
    Type.Literal('rollback'),
    Type.Literal('inconclusive'),
    Type.Literal('error'),
  ]),
  reason: Type.String(),
  evidence: Evidence,
  to: Type.Optional(Hex32),
  because: Type.Optional(Type.String()),
})

export const RolloutStatus = Type.Object({
  monitor: Type.Union([
    Type.Object({ phase: Type.Literal('idle') }),
    Type.Object({ phase: Type.Literal('watching'), release: Hex32, until: Time, evidence: Evidence }),
    Type.Object({ phase: Type.Literal('decided'), verdict: Verdict }),
  ]),
  canary: OrNull(Canary),
  verdicts: Type.Array(Type.Object({ ...Verdict.properties, at: Time })),
})
export type RolloutStatus = Static<typeof RolloutStatus>

/** How a release makes its way through the fleet, and back. */
export const rolloutRoutes = {
  rollout: route({
    method: 'GET',
    path: '/api/v1/config/rollout',
    summary: 'The staged release, and what the monitor thinks of the last ones',
    caller: 'viewer',
    body: NoFields,
    reply: RolloutStatus,
  }),
  announceRollout: route({
    method: 'POST',
    path: '/api/v1/config/rollout',
    summary: 'Say that the next release to go live is for canaries first',
    caller: 'operator',
    body: Fields({
      selector: Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: '^[^\\u0000-\\u001f\\u007f]*$',
        description: '5% of the fleet, a number of hosts, or a host pattern',
      }),
    }),
    reply: Canary,
  }),
  withdrawRollout: route({
    method: 'DELETE',
    path: '/api/v1/config/rollout',
    summary: 'Take an announcement back, when nothing was published',
    caller: 'operator',
    body: NoFields,
    reply: Empty,
  }),
  promoteRollout: route({
    method: 'POST',
    path: '/api/v1/config/rollout/promote',
    summary: 'Give the staged release to everybody now',
    caller: 'operator',
    body: Fields({ reason: Type.Optional(Line) }),
    reply: Canary,
  }),
  stopRollout: route({
    method: 'POST',
    path: '/api/v1/config/rollout/stop',
    summary: 'Take the staged release back: what was live before is live again',
    caller: 'operator',
    body: Fields({ reason: Type.Optional(Line) }),
    reply: Canary,
  }),
}
