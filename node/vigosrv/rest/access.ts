import { type accessRoutes, openApiDocument, serverRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import type { Principal } from '../http/principal.ts'
import type { ApiTokens } from '../http/tokens.ts'
import { recorded } from './recorded.ts'

export interface AccessParts {
  readonly apiTokens: ApiTokens
  readonly audit: Audit
  readonly version: string
}

export function accessHandlers({ apiTokens, audit, version }: AccessParts): Handlers<typeof accessRoutes, Principal> {
  const document = openApiDocument(serverRoutes, version)
  return {
    whoami: async ({ user }) => user,
    tokens: async () => ({ tokens: apiTokens.list() }),
    createToken: async ({ body, user }) => {
      const { name, role, ttlMs = null } = body
      const act = { action: 'token.create', target: name, details: { role, ttlMs: ttlMs ?? 'none' } }
      return await recorded(
        audit,
        user,
        act,
        () => apiTokens.create({ name, role, ttlMs, by: user.name }),
        ({ row }) => ({ details: { id: row.id } }),
      )
    },
    revokeToken: async ({ body, user }) =>
      await recorded(
        audit,
        user,
        { action: 'token.revoke', target: body.id },
        () => apiTokens.revoke(body.id),
        ({ id, name }) => ({ target: name, details: { id } }),
      ),
    audit: async ({ body }) => {
      const { limit = 100, before } = body
      return { entries: await audit.read({ limit, ...(before === undefined ? {} : { before }) }) }
    },
    openapi: async () => document,
  }
}
