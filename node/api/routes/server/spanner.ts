import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Empty, Fields, Hex32, Line, NoFields, OrNull, Reference, Time } from '../forms.ts'
import { DiagnosticRow, HistoryRow } from './config.ts'

const CommitId = Type.String({ pattern: '^[0-9a-f]{40}$', description: 'a commit of the stacks' })
const Pattern = Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })

/** What a bolt says of itself. */
export const BoltReport = Type.Object({
  version: Type.String({ description: 'of the program' }),
  release: OrNull(Hex32),
  configVersion: Count,
  loadedAt: Time,
  head: OrNull(CommitId),
  problem: Type.String({ description: 'why it does not follow; empty when it does' }),
  envoys: Type.Object({ connected: Count, converged: Count, total: Count }),
  startedAt: Time,
})
export type BoltReport = Static<typeof BoltReport>

export const BoltRow = Type.Object({
  peer: Hex32,
  hostname: Type.String(),
  isFounder: Type.Boolean(),
  isSelf: Type.Boolean(),
  isConnected: Type.Boolean(),
  patterns: Type.Array(Type.String(), { description: 'host names that it serves before others' }),
  isDraining: Type.Boolean(),
  home: Type.Object({ envoys: Count }, { description: 'envoys that it should serve, by patterns and pins' }),
  report: OrNull(BoltReport),
  /** Whether it has in force what this server has. */
  follows: Type.Boolean(),
})
export type BoltRow = Static<typeof BoltRow>

/** One of several ends of the history that nobody joined. */
export const StacksHead = Type.Object({
  commit: CommitId,
  release: OrNull(Hex32),
  bolt: Type.String({ description: 'where it was published' }),
  author: Type.String(),
  reason: Type.String(),
  time: Type.String(),
  isHere: Type.Boolean({ description: 'what this server has live' }),
})
export type StacksHead = Static<typeof StacksHead>

export const SpannerStatus = Type.Object({
  mode: Type.Union([Type.Literal('standalone'), Type.Literal('spanner')]),
  server: Type.String(),
  /** Null when standalone. */
  project: OrNull(Type.Object({ id: Hex32, url: Type.String() })),
  head: OrNull(CommitId),
  release: OrNull(Hex32),
  state: Type.Union([
    Type.Literal('settled'),
    Type.Literal('behind'),
    Type.Literal('diverged'),
    Type.Literal('refused'),
    Type.Literal('standalone'),
  ]),
  problem: Type.String({ description: 'why the newest release is not live here; empty when it is' }),
  heads: Type.Array(StacksHead, { description: 'more than one: they have diverged' }),
  bolts: Type.Array(BoltRow),
})
export type SpannerStatus = Static<typeof SpannerStatus>

const Published = Type.Object({ outcome: Type.Literal('published'), commit: CommitId, entry: HistoryRow })

/** Servers that share one configuration and one fleet. */
export const spannerRoutes = {
  spannerStatus: route({
    method: 'GET',
    path: '/api/v1/spanner/status',
    summary: 'How servers of the fleet share its configuration, and how each is',
    caller: 'viewer',
    body: NoFields,
    reply: SpannerStatus,
  }),
  spannerInit: route({
    method: 'POST',
    path: '/api/v1/spanner/init',
    summary: 'Turn a server that stands alone into the first bolt; its history goes with it',
    caller: 'admin',
    body: NoFields,
    reply: SpannerStatus,
  }),
  spannerPublish: route({
    method: 'POST',
    path: '/api/v1/spanner/releases',
    summary:
      'Publish a release and its sources (a snapshot) on all bolts; answers when it is in force here. Refused when there are newer sources than those at base',
    caller: 'operator',
    upload: true,
    body: Fields({
      reason: Type.Optional(Line),
      kind: Type.Union([Type.Literal('publish'), Type.Literal('promote')]),
      base: Type.Optional(CommitId),
    }),
    reply: Type.Union([
      Published,
      Type.Object({ outcome: Type.Literal('nothing-to-publish'), release: Hex32, commit: CommitId }),
      Type.Object({ outcome: Type.Literal('invalid'), diagnostics: Type.Array(DiagnosticRow) }),
    ]),
  }),
  spannerResolve: route({
    method: 'POST',
    path: '/api/v1/spanner/resolve',
    summary: 'End a divergence: what one of the heads says holds, the others become its history',
    caller: 'operator',
    body: Fields({
      take: Type.String({
        pattern: '^[A-Za-z0-9._-]{1,253}$',
        description: 'commit, release (six digits or more), or the bolt where it was published',
      }),
      reason: Type.Optional(Line),
    }),
    reply: Published,
  }),
  spannerSources: route({
    method: 'GET',
    path: '/api/v1/spanner/sources',
    summary: 'The sources of the newest release, and those that a working tree was last equal to',
    caller: 'operator',
    body: Fields({ base: Type.Optional(CommitId) }),
    reply: Type.Object({
      release: Hex32,
      commit: CommitId,
      files: Type.Array(Type.Object({ path: Type.String(), base64: Type.String() })),
      /** Null where `base` is not in the history. */
      base: OrNull(Type.Array(Type.Object({ path: Type.String(), sha256: Hex32 }))),
    }),
  }),
  bolt: route({
    method: 'GET',
    path: '/api/v1/bolts/:bolt',
    summary: 'One bolt',
    caller: 'viewer',
    body: Fields({ bolt: Reference }),
    reply: BoltRow,
  }),
  setBoltPatterns: route({
    method: 'POST',
    path: '/api/v1/bolts/:bolt/patterns',
    summary: 'Which host names a bolt serves before others',
    caller: 'operator',
    body: Fields({ bolt: Reference, patterns: Type.Array(Pattern, { maxItems: 256 }) }),
    reply: BoltRow,
  }),
  drainBolt: route({
    method: 'POST',
    path: '/api/v1/bolts/:bolt/drain',
    summary: 'Send the envoys of a bolt to others, or let them come back',
    caller: 'operator',
    body: Fields({ bolt: Reference, draining: Type.Boolean() }),
    reply: BoltRow,
  }),
  reassignEnvoy: route({
    method: 'POST',
    path: '/api/v1/envoys/:envoy/bolt',
    summary: 'Let one bolt serve an envoy whatever patterns say; without a bolt patterns decide again',
    caller: 'operator',
    body: Fields({ envoy: Reference, bolt: Type.Optional(Reference) }),
    reply: Empty,
  }),
  /** Asks another bolt by what it would answer itself; only routes that read, and those that ask envoys to check in. */
  askBolt: route({
    method: 'POST',
    path: '/api/v1/bolts/:bolt/ask',
    summary:
      'Ask another bolt one of the routes that read, by name: envoys, envoy, runs, run, fleet, serverStatus, push',
    caller: 'operator',
    body: Fields({
      bolt: Reference,
      route: Type.String({ pattern: '^[A-Za-z]{1,64}$' }),
      body: Type.Record(Type.String({ maxLength: 64 }), Type.Unknown()),
    }),
    reply: Type.Object({ reply: Type.Unknown() }),
  }),
}
