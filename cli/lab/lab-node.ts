import { ApiClient, agentRoutes, type MemberStatus } from '#node/api'
import { layout } from '#node/kit'
import type { Place } from './network.ts'
import { isAlive, type ProcessId } from './node-process.ts'

export interface LabNode {
  readonly name: string
  readonly role: 'server' | 'envoy'
  readonly root: string
  readonly log: string
  readonly process: ProcessId | null
  /** REST and dashboard of a server. */
  readonly url?: string
  /** On a network of the lab's own; on loopback otherwise. */
  readonly place?: Place
}

export interface LabNodeStatus {
  readonly name: string
  readonly role: 'server' | 'envoy'
  readonly root: string
  readonly log: string
  readonly state: 'running' | 'stopped'
  readonly pid: number | null
  readonly peer: string | null
  readonly addresses: readonly string[]
  /** Names of connected neighbours. */
  readonly peers: readonly string[]
}

/** What the daemon of the node says of itself. @throws as `call` of `ApiClient` */
export async function memberStatusOf({ root, name }: LabNode): Promise<MemberStatus> {
  const client = new ApiClient(layout(root).socket('agent'), name)
  try {
    return await client.call(agentRoutes.status, {}, { signal: AbortSignal.timeout(5_000) })
  } finally {
    client.close()
  }
}

export async function nodeStatusOf(node: LabNode): Promise<LabNodeStatus> {
  const { name, role, root, log, process: process_ } = node
  const running = process_ !== null && (await isAlive(process_))
  const status = running ? await memberStatusOf(node).catch(() => null) : null
  return {
    name,
    role,
    root,
    log,
    state: running ? 'running' : 'stopped',
    pid: running ? process_.pid : null,
    peer: status?.peer ?? null,
    addresses: status?.addresses ?? [],
    peers: status?.peers.map(peer => peer.hostname).sort() ?? [],
  }
}
