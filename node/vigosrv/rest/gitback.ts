import type { gitbackViewRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import { type Member, projectDetails, projectRows } from '#node/member'
import type { Principal } from '../http/principal.ts'

export interface GitbackParts {
  readonly member: Member
}

export function gitbackViewHandlers({ member }: GitbackParts): Handlers<typeof gitbackViewRoutes, Principal> {
  return {
    gitbackProjects: async ({ signal }) => ({ projects: await projectRows(member, { signal }) }),
    gitbackProject: async ({ body: { reference }, signal }) =>
      await projectDetails(member, reference, null, { signal }),
  }
}
