import type { Clock } from '#node/kit'
import type { ServerParts } from '../parts.ts'
import type { RecentHistory } from './recent-history.ts'
import type { SwarmView } from './swarm-view.ts'

/** What pages are made of. */
export interface DashboardParts extends Omit<ServerParts, 'member' | 'settings'> {
  readonly clock: Clock
  /** Of this server. */
  readonly hostname: string
  readonly history: RecentHistory
  readonly swarm: SwarmView
}
