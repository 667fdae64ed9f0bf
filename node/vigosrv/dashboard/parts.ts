import type { Clock } from '#node/kit'
import type { BoltsView } from '../bolt-watch.ts'
import type { ServerParts } from '../parts.ts'
import type { Spanner } from '../spanner/types.ts'
import type { ProjectsView } from './projects-view.ts'
import type { RecentHistory } from './recent-history.ts'
import type { SwarmView } from './swarm-view.ts'

/** What pages are made of. */
export interface DashboardParts extends Omit<ServerParts, 'member' | 'settings' | 'spanner'> {
  readonly spanner: Pick<Spanner, 'rollback' | 'setDraining'>
  readonly bolts: BoltsView
  readonly projects: ProjectsView
  readonly clock: Clock
  /** Of this server. */
  readonly hostname: string
  readonly history: RecentHistory
  readonly swarm: SwarmView
}
