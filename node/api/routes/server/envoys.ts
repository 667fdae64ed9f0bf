import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Fields, Hex32, Limit, Line, NoFields, OrNull, Reference, Time } from '../forms.ts'
import { ResourceRow } from '../resource-row.ts'

const literals = <T extends string>(...values: readonly T[]) => Type.Union(values.map(value => Type.Literal(value)))

export const FleetStatus = literals('converged', 'degraded', 'failed', 'no-data')
export const Drift = literals('none', 'changed', 'diverged')
export const Reachability = literals('online', 'stale', 'never-seen', 'elsewhere')
export const RunOutcome = literals('converged', 'changed', 'degraded', 'failed')

export const RunSummary = Type.Object({
  id: Type.String(),
  release: Type.String(),
  mode: literals('enforce', 'dry-run'),
  outcome: RunOutcome,
  offline: Type.Boolean(),
  receivedAt: Time,
  startedAt: Time,
  durationMs: Count,
  counts: Type.Record(Type.String(), Count, { description: 'resources by state' }),
})
export type RunSummary = Static<typeof RunSummary>

export const EnvoyRow = Type.Object({
  peer: Hex32,
  hostname: Type.String(),
  platform: Type.String(),
  version: Type.String(),
  status: FleetStatus,
  drift: Drift,
  reachability: Reachability,
  isConnected: Type.Boolean(),
  home: Type.Union([Hex32, Type.Null()], { description: 'key of the server that should serve it' }),
  wantedRelease: OrNull(Hex32),
  release: OrNull(Type.String()),
  bundle: OrNull(Type.String()),
  lastSeenAt: OrNull(Time),
  lastRun: OrNull(RunSummary),
  problem: Type.String(),
  environment: OrNull(Type.String()),
  entry: OrNull(Type.String()),
  crates: Type.Array(Type.String()),
})
export type EnvoyRow = Static<typeof EnvoyRow>

export const RunDetail = Type.Object({
  ...RunSummary.properties,
  results: Type.Array(ResourceRow, { description: 'all that are neither compliant nor skipped' }),
  resultsLeftOut: Count,
})
export type RunDetail = Static<typeof RunDetail>

export const FleetCounts = Type.Object({
  envoys: Count,
  connected: Count,
  status: Type.Record(Type.String(), Count),
  drift: Type.Record(Type.String(), Count),
  reachability: Type.Record(Type.String(), Count),
  releases: Type.Record(Type.String(), Count, { description: 'hosts by the release that they last ran' }),
  upToDate: Count,
})
export type FleetCounts = Static<typeof FleetCounts>

/** The envoys, one by one and together. */
export const fleetRoutes = {
  envoys: route({
    method: 'GET',
    path: '/api/v1/envoys',
    summary: 'Envoys that the filters leave, by host name',
    caller: 'viewer',
    body: Fields({
      status: Type.Optional(FleetStatus),
      drift: Type.Optional(Drift),
      reachability: Type.Optional(Reachability),
      release: Type.Optional(
        Type.String({ pattern: '^[0-9a-f]{6,64}$', description: 'that they last ran; its first six digits or more' }),
      ),
      filter: Type.Optional(
        Type.String({ minLength: 1, maxLength: 253, description: 'a host pattern, or a part of the host name' }),
      ),
      after: Type.Optional(Type.String({ maxLength: 253, description: 'the last host name of the page before' })),
      limit: Type.Optional(Limit(10_000)),
    }),
    reply: Type.Object({ envoys: Type.Array(EnvoyRow), total: Count, more: Type.Boolean() }),
  }),
  envoy: route({
    method: 'GET',
    path: '/api/v1/envoys/:envoy',
    summary: 'One envoy',
    caller: 'viewer',
    body: Fields({ envoy: Reference }),
    reply: EnvoyRow,
  }),
  runs: route({
    method: 'GET',
    path: '/api/v1/envoys/:envoy/runs',
    summary: 'What an envoy reported, the newest first',
    caller: 'viewer',
    body: Fields({
      envoy: Reference,
      limit: Type.Optional(Limit(500)),
      before: Type.Optional(Type.Integer({ minimum: 0, description: 'only runs received before, Unix milliseconds' })),
    }),
    reply: Type.Object({ runs: Type.Array(RunSummary) }),
  }),
  run: route({
    method: 'GET',
    path: '/api/v1/envoys/:envoy/runs/:run',
    summary: 'One run with what it found and did; secrets are hidden',
    caller: 'viewer',
    body: Fields({ envoy: Reference, run: Type.String({ pattern: '^[0-9a-f]{32}$' }) }),
    reply: RunDetail,
  }),
  traits: route({
    method: 'GET',
    path: '/api/v1/envoys/:envoy/traits',
    summary: 'What an envoy last said about its machine',
    caller: 'viewer',
    body: Fields({ envoy: Reference }),
    reply: Type.Object({ traits: OrNull(Type.Record(Type.String(), Type.Unknown())) }),
  }),
  bundle: route({
    method: 'GET',
    path: '/api/v1/envoys/:envoy/bundle',
    summary: 'What an envoy should have; secrets stay references',
    caller: 'viewer',
    body: Fields({ envoy: Reference }),
    reply: Type.Object({ bundle: OrNull(Type.Record(Type.String(), Type.Unknown())) }),
  }),
  push: route({
    method: 'POST',
    path: '/api/v1/envoys/push',
    summary: 'Make envoys check in now: those named, or all',
    caller: 'operator',
    body: Fields({
      envoys: Type.Optional(Type.Array(Reference, { minItems: 1, maxItems: 10_000 })),
      all: Type.Optional(Type.Boolean()),
      reason: Type.Optional(Line),
    }),
    reply: Type.Object({ asked: Count, told: Count, away: Type.Array(Type.String()) }),
  }),
  fleet: route({
    method: 'GET',
    path: '/api/v1/fleet',
    summary: 'Envoys by status, drift, reachability and release',
    caller: 'viewer',
    body: NoFields,
    reply: FleetCounts,
  }),
  samples: route({
    method: 'GET',
    path: '/api/v1/fleet/samples',
    summary: 'The same over time, at most one a minute for two days, the oldest first',
    caller: 'viewer',
    body: Fields({ since: Type.Optional(Time) }),
    reply: Type.Object({ samples: Type.Array(Type.Object({ at: Time, counts: FleetCounts })) }),
  }),
}
