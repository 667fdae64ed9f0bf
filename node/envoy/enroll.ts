import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import { type Layout, writeFileAtomic } from '#node/kit'
import { type AgentSettings, joinFleet, parseSwarmSettings, requireNewcomer } from '#node/member'

export interface Enrolled {
  readonly fleetId: string
  readonly hostname: string
  readonly peerId: string
}

/**
 * Makes this machine an envoy of the fleet that a join URL names: creates its key, trades the token for an admission, and
 * writes roster and `agent.yaml`. Can be repeated until it succeeded.
 * @throws RosterError, MemberError 'already-enrolled', 'bad-settings'
 */
export async function enroll(options: {
  layout: Layout
  joinUrl: string
  hostname: string
  listen?: readonly string[]
  signal?: AbortSignal
}): Promise<Enrolled> {
  const { layout, listen = [] } = options
  await requireNewcomer(layout)
  const { fleetId, hostname, peerId, bootstrap, settings } = await joinFleet({ ...options, role: 'envoy' })
  const swarm = { ...parseSwarmSettings(settings), ...(listen.length > 0 ? { listen: [...listen] } : {}) }
  const agent: AgentSettings = { fleet: fleetId, hostname, bootstrap: [...bootstrap], swarm }
  await mkdir(dirname(layout.agentYaml), { recursive: true })
  await writeFileAtomic(layout.agentYaml, stringify(agent), { mode: 0o644 })
  return { fleetId, hostname, peerId }
}
