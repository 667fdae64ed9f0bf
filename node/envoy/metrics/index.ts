import { RESOURCE_STATES } from '#node/checkin'
import type { Member } from '#node/member'
import { Instruments, type MetricsServer, processMetrics, serveMetrics, swarmMetrics } from '#node/metrics'
import type { LoopStatus } from '../loop/index.ts'

const OUTCOMES = ['converged', 'changed', 'degraded', 'failed'] as const

/** Metrics of the loop: what the last run did, and whether a server is there. */
export function declareAgentMetrics(instruments: Instruments, status: () => LoopStatus): void {
  const isConnected = instruments.gauge({ name: 'vigo_agent_connected', help: '1 while a server is there, else 0.' })
  const checkin = instruments.gauge({
    name: 'vigo_agent_last_checkin_timestamp_seconds',
    help: 'When a server last answered, Unix seconds; 0 before that.',
  })
  const ran = instruments.gauge({
    name: 'vigo_agent_last_run_timestamp_seconds',
    help: 'When the last run began, Unix seconds; 0 before the first.',
  })
  const took = instruments.gauge({ name: 'vigo_agent_last_run_duration_seconds', help: 'How long the last run took.' })
  const outcome = instruments.gauge({
    name: 'vigo_agent_last_run_outcome',
    help: '1 for how the last run ended, else 0.',
    labels: { outcome: OUTCOMES.join(', ') },
  })
  const resources = instruments.gauge({
    name: 'vigo_agent_last_run_resources',
    help: 'Resources of the last run by what it found about them, or did.',
    labels: { state: RESOURCE_STATES.join(', ') },
  })
  const isRunning = instruments.gauge({ name: 'vigo_agent_running', help: '1 while a run is under way, else 0.' })
  const queued = instruments.gauge({ name: 'vigo_agent_reports_queued', help: 'Reports that wait for a server.' })
  const dropped = instruments.gauge({
    name: 'vigo_agent_reports_dropped',
    help: 'Reports that were given up, because too many waited.',
  })
  instruments.collect(() => {
    const { bolt, lastCheckIn, lastRun, isRunning: running, queuedReports, droppedReports } = status()
    isConnected.set(bolt === null ? 0 : 1)
    checkin.set((lastCheckIn ?? 0) / 1000)
    isRunning.set(running ? 1 : 0)
    queued.set(queuedReports)
    dropped.set(droppedReports)
    ran.set((lastRun?.startedAt ?? 0) / 1000)
    took.set((lastRun?.durationMs ?? 0) / 1000)
    for (const each of OUTCOMES) outcome.set({ outcome: each }, lastRun?.outcome === each ? 1 : 0)
    for (const state of RESOURCE_STATES) resources.set({ state }, lastRun?.counts[state] ?? 0)
  })
}

export interface AgentMetricsOptions {
  readonly member: Member
  readonly version: string
  /** Of the agent's loop. */
  readonly status: () => LoopStatus
  /** `metrics_listen` of agent.yaml. */
  readonly listen: string
}

/** `/metrics` of the agent. @throws MetricsError 'cannot-listen' */
export async function startAgentMetrics(options: AgentMetricsOptions): Promise<MetricsServer> {
  const { member, version, status, listen } = options
  const instruments = new Instruments()
  declareAgentMetrics(instruments, status)
  swarmMetrics(instruments, member)
  const end = processMetrics(instruments, version)
  try {
    const server = await serveMetrics(instruments, listen)
    return {
      address: server.address,
      close: async () => {
        end()
        await server.close()
      },
    }
  } catch (error) {
    end()
    throw error
  }
}
