import type { Releases } from '#config/store'
import { type Member, projectRows } from '#node/member'
import { processMetrics, swarmMetrics } from '#node/metrics'
import type { BoltsView } from '../bolt-watch.ts'
import type { Policy } from '../policy/index.ts'
import type { Rollout } from '../rollout/types.ts'
import type { TasksView } from '../tasks/types.ts'
import { folderSize } from './database-size.ts'
import type { ServerInstruments } from './instruments.ts'
import { watchBolts } from './watch-bolts.ts'
import { watchConfig } from './watch-config.ts'
import { type FleetSource, watchFleet } from './watch-fleet.ts'
import { watchTasks } from './watch-tasks.ts'

export { declareServerMetrics, type ServerInstruments } from './instruments.ts'
export { answerCounter, metricsMount } from './mount.ts'
export { policyObserver } from './watch-config.ts'

export interface MetricsSource {
  readonly member: Member
  readonly version: string
  readonly releases: Pick<Releases, 'history'>
  readonly policy: Pick<Policy, 'version' | 'loadedAt' | 'problem'>
  readonly fleet: FleetSource
  readonly rollout: Pick<Rollout, 'status'>
  readonly tasks: Pick<TasksView, 'list'>
  readonly bolts: BoltsView
}

/**
 * Follows the parts of a running server. What has to be counted from the beginning is told apart: `policyObserver` to the policy,
 * `answerCounter` to the HTTP server.
 */
export function watchServer(metrics: ServerInstruments, source: MetricsSource): { close(): Promise<void> } {
  const { member, version, releases, policy, fleet, rollout, tasks, bolts } = source
  const ends = [
    processMetrics(metrics.instruments, version),
    watchFleet(metrics, fleet, member.clock),
    watchTasks(metrics, tasks, fleet, member.clock.now()),
  ]
  swarmMetrics(metrics.instruments, member)
  const stop = new AbortController()
  const projects = () => projectRows(member, { signal: stop.signal })
  watchBolts(metrics, { bolts, clock: member.clock, projects })
  watchConfig(metrics, { policy, releases, rollout })
  metrics.instruments.collect(async () => metrics.database.set(await folderSize(member.layout.db)))
  return {
    close: async () => {
      stop.abort(new Error('the server is stopping'))
      for (const end of ends) end()
    },
  }
}
