import { presentable } from '#config/store'
import { ApiError, type BodyOf, type fleetRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import { VigoError } from '#node/kit'
import type { EnvoyRow, FleetControl, FleetView, RunSummary } from '../fleet/types.ts'
import type { Principal } from '../http/principal.ts'
import { filterEnvoys } from './envoy-filter.ts'
import { recorded } from './recorded.ts'

export interface EnvoyParts {
  readonly fleet: FleetView & FleetControl
  readonly audit: Audit
}

const PAGE = 1000
const MAX_NAMES = 50

export function envoyHandlers(parts: EnvoyParts): Handlers<typeof fleetRoutes, Principal> {
  const { fleet } = parts
  return {
    envoys: async ({ body }) => {
      const { limit = PAGE, after, ...filter } = body
      const left = filterEnvoys(fleet.rows(), filter)
      const from = after === undefined ? left : left.filter(({ hostname }) => hostname > after)
      return { envoys: from.slice(0, limit), total: left.length, more: from.length > limit }
    },
    envoy: async ({ body }) => fleet.find(body.envoy),
    runs: async ({ body }) => {
      const { limit = 20, before } = body
      const runs = await fleet.runs(fleet.find(body.envoy).peer, { limit, ...(before === undefined ? {} : { before }) })
      return { runs: runs.map(summaryOf) }
    },
    run: async ({ body }) => {
      const { peer, hostname } = fleet.find(body.envoy)
      const stored = await fleet.run(peer, body.run)
      if (stored === null) {
        throw new VigoError('unknown-run', `'${hostname}' has no run ${body.run}; see vigocli envoys runs ${hostname}`)
      }
      const { results, resultsLeftOut } = stored.run
      return { ...summaryOf(stored), results, resultsLeftOut }
    },
    traits: async ({ body }) => ({ traits: await fleet.traits(fleet.find(body.envoy).peer) }),
    bundle: async ({ body }) => {
      const bundle = await fleet.bundle(fleet.find(body.envoy).peer)
      return { bundle: bundle === null ? null : { ...presentable(bundle) } }
    },
    push: async ({ body, user }) => await push(parts, body, user),
    fleet: async () => fleet.counts(),
    samples: async ({ body }) => ({ samples: await fleet.samples({ since: body.since ?? 0 }) }),
  }
}

async function push({ fleet, audit }: EnvoyParts, body: BodyOf<typeof fleetRoutes.push>, user: Principal) {
  const rows = pushed(fleet, body)
  const reason = body.reason ?? `asked by ${user.name}`
  const names =
    body.all === true
      ? '*'
      : rows
          .map(({ hostname }) => hostname)
          .slice(0, MAX_NAMES)
          .join(',')
  const act = { action: 'envoy.push', target: names, details: { reason, envoys: rows.length } }
  const peers = rows.map(({ peer }) => peer)
  const told = await recorded(audit, user, act, async () => fleet.push(peers, reason))
  const away = rows.filter(({ isConnected }) => !isConnected).map(({ hostname }) => hostname)
  return { asked: rows.length, told, away }
}

function pushed(fleet: FleetView, { envoys, all }: BodyOf<typeof fleetRoutes.push>): readonly EnvoyRow[] {
  if ((envoys !== undefined) === (all === true)) {
    throw new ApiError('bad-request', 'name the envoys, or say all; not both')
  }
  if (envoys === undefined) return fleet.rows()
  return [...new Map(envoys.map(name => fleet.find(name)).map(row => [row.peer, row])).values()]
}

function summaryOf(run: RunSummary): RunSummary {
  const { id, release, mode, outcome, offline, receivedAt, startedAt, durationMs, counts } = run
  return { id, release, mode, outcome, offline, receivedAt, startedAt, durationMs, counts }
}
