import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Empty, Fields, Limit, NoFields, OrNull, Time } from '../forms.ts'

export const Role = Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')])
export type Role = Static<typeof Role>

export const ApiTokenRow = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  name: Type.String(),
  role: Role,
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: OrNull(Time),
  lastUsedAt: OrNull(Time),
  revokedAt: OrNull(Time),
})
export type ApiTokenRow = Static<typeof ApiTokenRow>

const Via = Type.Union([
  Type.Literal('socket'),
  Type.Literal('token'),
  Type.Literal('session'),
  Type.Literal('shell'),
  Type.Literal('system'),
])

export const AuditRow = Type.Object({
  seq: Count,
  at: Type.String(),
  actor: Type.String(),
  via: Via,
  action: Type.String(),
  target: Type.String(),
  outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('failed')]),
  details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  previous: Type.String(),
  hash: Type.String(),
})
export type AuditRow = Static<typeof AuditRow>

/** Who may use this API, and what was done with it. */
export const accessRoutes = {
  whoami: route({
    method: 'GET',
    path: '/api/v1/whoami',
    summary: 'Who the server takes the caller for',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({
      name: Type.String(),
      role: Role,
      via: Type.Union([Type.Literal('socket'), Type.Literal('token'), Type.Literal('session')]),
    }),
  }),
  tokens: route({
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'API tokens, those revoked within the last 90 days included',
    caller: 'admin',
    body: NoFields,
    reply: Type.Object({ tokens: Type.Array(ApiTokenRow) }),
  }),
  createToken: route({
    method: 'POST',
    path: '/api/v1/tokens',
    summary: 'Make an API token; it is shown this once',
    caller: 'admin',
    body: Fields({
      name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' }),
      role: Role,
      ttlMs: Type.Optional(OrNull(Type.Integer({ minimum: 1000, maximum: 315_360_000_000 }))),
    }),
    reply: Type.Object({ token: Type.String(), row: ApiTokenRow }),
  }),
  revokeToken: route({
    method: 'DELETE',
    path: '/api/v1/tokens/:id',
    summary: 'Revoke an API token (id or name); sessions that were opened with it end',
    caller: 'admin',
    body: Fields({ id: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' }) }),
    reply: ApiTokenRow,
  }),
  audit: route({
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'The audit log, the newest entry first',
    caller: 'viewer',
    body: Fields({ limit: Type.Optional(Limit(1000)), before: Type.Optional(Type.Integer({ minimum: 0 })) }),
    reply: Type.Object({ entries: Type.Array(AuditRow) }),
  }),
  openapi: route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document',
    caller: 'viewer',
    body: NoFields,
    reply: Empty,
  }),
}
