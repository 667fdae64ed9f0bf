import type { Clock } from '#node/kit'
import type { CheckinCounts } from '../fleet/index.ts'
import {
  DRIFTS,
  type EnvoyRow,
  FLEET_STATUSES,
  type FleetEvent,
  type FleetView,
  REACHABILITIES,
} from '../fleet/types.ts'
import type { ServerInstruments } from './instruments.ts'

const ACTIVE_MS = 3_600_000

export interface FleetSource extends Pick<FleetView, 'rows' | 'counts' | 'onEvent'> {
  readonly checkins: Readonly<CheckinCounts>
}

/** Envoys: how they are, and what became of them since the start. Returns the unsubscriber. */
export function watchFleet(metrics: ServerInstruments, fleet: FleetSource, clock: Clock): () => void {
  const known = new Map<string, Pick<EnvoyRow, 'status' | 'reachability'>>()
  for (const row of fleet.rows()) known.set(row.peer, row)
  const before: CheckinCounts = { ...fleet.checkins }
  metrics.instruments.collect(() => {
    const rows = fleet.rows()
    countEnvoys(metrics, fleet)
    countAges(metrics, rows, clock.now())
    for (const [status, count] of Object.entries(fleet.checkins) as [keyof CheckinCounts, number][]) {
      metrics.checkins.inc({ status }, count - before[status])
      before[status] = count
    }
    forgetRevoked(known, rows)
  })
  return fleet.onEvent(event => count(metrics, known, event))
}

function count(
  metrics: ServerInstruments,
  known: Map<string, Pick<EnvoyRow, 'status' | 'reachability'>>,
  event: FleetEvent,
): void {
  if (event.type === 'run') metrics.runs.inc({ outcome: event.run.outcome, mode: event.run.mode })
  if (event.type !== 'run' && event.type !== 'envoy') return
  const { peer, status, reachability } = event.row
  const was = known.get(peer)
  known.set(peer, { status, reachability })
  if (was === undefined) return
  if (was.status !== status) metrics.transitions.inc({ transition: `${was.status}_to_${status}` })
  if (was.reachability !== reachability) {
    metrics.transitions.inc({ transition: `${was.reachability}_to_${reachability}` })
  }
}

function countEnvoys(metrics: ServerInstruments, fleet: FleetSource): void {
  const { envoys, connected, status, drift, reachability, upToDate } = fleet.counts()
  metrics.nodes.set(envoys)
  metrics.connectedNodes.set(connected)
  metrics.upToDate.set(upToDate)
  metrics.convergence.set(envoys === 0 ? 100 : (status.converged * 100) / envoys)
  for (const state of FLEET_STATUSES) metrics.envoys.set({ axis: 'status', state }, status[state])
  for (const state of DRIFTS) metrics.envoys.set({ axis: 'drift', state }, drift[state])
  for (const state of REACHABILITIES) metrics.envoys.set({ axis: 'reachability', state }, reachability[state])
}

function countAges(metrics: ServerInstruments, rows: readonly EnvoyRow[], now: number): void {
  metrics.checkinAge.reset()
  let active = 0
  for (const { lastSeenAt } of rows) {
    if (lastSeenAt === null) continue
    const ageMs = Math.max(0, now - lastSeenAt)
    if (ageMs <= ACTIVE_MS) active++
    metrics.checkinAge.observe(ageMs / 1000)
  }
  metrics.activeNodes.set(active)
}

function forgetRevoked(known: Map<string, unknown>, rows: readonly EnvoyRow[]): void {
  if (known.size <= rows.length) return
  const there = new Set(rows.map(({ peer }) => peer))
  for (const peer of known.keys()) if (!there.has(peer)) known.delete(peer)
}
