import type { ProjectDetails, ProjectRow } from '#node/api'
import { type Member, projectDetails, projectRows } from '#node/member'

/** What pages ask about git projects. */
export interface ProjectsView {
  rows(options: { signal: AbortSignal }): Promise<readonly ProjectRow[]>
  /** @throws ProjectError 'unknown-project' */
  details(id: string, options: { signal: AbortSignal }): Promise<ProjectDetails>
}

/** The same from a running member. */
export function projectsViewOf(member: Member): ProjectsView {
  return {
    rows: async options => await projectRows(member, options),
    details: async (id, options) => await projectDetails(member, id, null, options),
  }
}
