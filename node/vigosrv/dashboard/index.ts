import type { BoltsView } from '../bolt-watch.ts'
import type { Authentication, Mount } from '../http/authentication.ts'
import type { ServerParts } from '../parts.ts'
import { dashboardOf } from './mount.ts'
import { projectsViewOf } from './projects-view.ts'
import { RecentHistory } from './recent-history.ts'
import { swarmViewOf } from './swarm-view.ts'

/** The web pages of the server, for browsers that signed in with an API token. */
export function dashboard(parts: ServerParts & { readonly bolts: BoltsView }, auth: Authentication): Mount {
  const { member, releases, policy, logger } = parts
  return dashboardOf(
    {
      ...parts,
      clock: member.clock,
      hostname: member.self.hostname,
      history: new RecentHistory({ releases, policy, clock: member.clock }),
      swarm: swarmViewOf(member, logger),
      projects: projectsViewOf(member),
    },
    auth,
  )
}
