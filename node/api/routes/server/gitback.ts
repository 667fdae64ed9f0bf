import { Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Fields, NoFields } from '../forms.ts'
import { ProjectDetails, ProjectRow } from '../gitback.ts'

/** Projects as the server sees them; what is done to them is done on machines of their members. */
export const gitbackViewRoutes = {
  gitbackProjects: route({
    method: 'GET',
    path: '/api/v1/gitback/projects',
    summary: 'Git projects of the fleet',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({ projects: Type.Array(ProjectRow) }),
  }),
  gitbackProject: route({
    method: 'GET',
    path: '/api/v1/gitback/project',
    summary: 'One git project: members, machines, refs and their heads',
    caller: 'viewer',
    body: Fields({
      reference: Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: '^[^\\u0000-\\u001f\\u007f]*$',
        description: 'id, `<id>/<handle>` or `<puddle name>/<handle>`',
      }),
    }),
    reply: ProjectDetails,
  }),
}
