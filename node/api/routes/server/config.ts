import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Fields, Hex32, Limit, Line, NoFields, OrNull, Time } from '../forms.ts'

/** A number (`12`), the hash of a release or its first six digits or more, or `live`. */
const ReleaseName = Type.String({
  pattern: '^(#?[0-9]{1,15}|[0-9a-f]{6,64}|live)$',
  description: 'number, hash (its first six digits or more), or live',
})

export const DiagnosticRow = Type.Object({
  code: Type.String(),
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
  path: Type.String(),
  line: Count,
  column: Count,
  message: Type.String(),
  hint: Type.String(),
})
export type DiagnosticRow = Static<typeof DiagnosticRow>

export const ConfigProblem = Type.Object({
  at: Time,
  message: Type.String(),
  diagnostics: Type.Array(DiagnosticRow),
})

export const HistoryRow = Type.Object({
  number: Count,
  release: Hex32,
  kind: Type.Union([Type.Literal('publish'), Type.Literal('rollback'), Type.Literal('promote')]),
  author: Type.String(),
  reason: Type.String(),
  time: Type.String(),
  basedOn: OrNull(Hex32),
  restores: OrNull(Count),
  counts: Type.Object({ configcrates: Count, roles: Count, envoyEntries: Count }),
  files: Count,
  changes: Type.Object({ added: Count, changed: Count, removed: Count }),
})
export type HistoryRow = Static<typeof HistoryRow>

export const ConfigVersion = Type.Object({
  version: Count,
  release: OrNull(Hex32),
  loadedAt: Time,
  problem: OrNull(ConfigProblem),
})
export type ConfigVersion = Static<typeof ConfigVersion>

export const Freeze = Type.Object({
  author: Type.String(),
  reason: Type.String(),
  since: Type.String(),
  until: Type.String(),
})

/** What is live, what was, and what may become it. */
export const configRoutes = {
  configVersion: route({
    method: 'GET',
    path: '/api/v1/config/version',
    summary: 'The release in force, a number that grows with each one loaded, and what is wrong with it',
    caller: 'viewer',
    body: NoFields,
    reply: ConfigVersion,
  }),
  reloadConfig: route({
    method: 'POST',
    path: '/api/v1/config/reload',
    summary:
      'Read what is live again; a release that cannot be used leaves the old one in force and is told as problem',
    caller: 'operator',
    body: NoFields,
    reply: Type.Object({ ...ConfigVersion.properties, isChanged: Type.Boolean() }),
  }),
  releases: route({
    method: 'GET',
    path: '/api/v1/config/releases',
    summary: 'The history: what went live, when, by whom and why; the newest first',
    caller: 'viewer',
    body: Fields({ limit: Type.Optional(Limit(1000)) }),
    reply: Type.Object({ live: OrNull(Hex32), entries: Type.Array(HistoryRow) }),
  }),
  release: route({
    method: 'GET',
    path: '/api/v1/config/releases/:release',
    summary: 'One entry of the history',
    caller: 'viewer',
    body: Fields({ release: ReleaseName }),
    reply: HistoryRow,
  }),
  diffReleases: route({
    method: 'GET',
    path: '/api/v1/config/diff',
    summary: 'What the step from one release to another means, in files and for hosts; secrets stay references',
    caller: 'viewer',
    body: Fields({ from: ReleaseName, to: ReleaseName }),
    reply: Type.Object({
      from: Hex32,
      to: Hex32,
      files: Type.Object({
        added: Type.Array(Type.String()),
        changed: Type.Array(Type.String()),
        removed: Type.Array(Type.String()),
      }),
      groups: Type.Array(Type.Object({ hosts: Type.Array(Type.String()), changes: Type.Array(Type.Unknown()) })),
      unchanged: Count,
      failed: Type.Array(
        Type.Object({
          host: Type.String(),
          in: Type.Union([Type.Literal('before'), Type.Literal('after')]),
          diagnostics: Type.Array(DiagnosticRow),
        }),
      ),
      text: Type.String(),
    }),
  }),
  rollback: route({
    method: 'POST',
    path: '/api/v1/config/rollback',
    summary: 'Make an old release live again, as a new one (default: what was live before), and load it',
    caller: 'operator',
    body: Fields({
      to: Type.Optional(ReleaseName),
      reason: Type.Optional(Line),
      force: Type.Optional(Type.Boolean({ description: 'also while publishing is frozen' })),
    }),
    reply: Type.Union([
      Type.Object({ outcome: Type.Literal('rolled-back'), entry: HistoryRow, version: ConfigVersion }),
      Type.Object({
        outcome: Type.Literal('invalid'),
        entry: HistoryRow,
        diagnostics: Type.Array(DiagnosticRow),
      }),
    ]),
  }),
  frozen: route({
    method: 'GET',
    path: '/api/v1/config/freeze',
    summary: 'Whether publishing is frozen',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({ freeze: OrNull(Freeze) }),
  }),
  freeze: route({
    method: 'POST',
    path: '/api/v1/config/freeze',
    summary: 'Let nothing be published before a time',
    caller: 'operator',
    body: Fields({
      until: Type.String({ minLength: 1, maxLength: 64, description: '90m, 3d, 2027-01-04 or an ISO 8601 time' }),
      reason: Type.Optional(Line),
    }),
    reply: Freeze,
  }),
  unfreeze: route({
    method: 'DELETE',
    path: '/api/v1/config/freeze',
    summary: 'Let be published again',
    caller: 'operator',
    body: NoFields,
    reply: Type.Object({ wasFrozen: Type.Boolean() }),
  }),
}
