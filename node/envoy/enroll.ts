import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import { askOne, dialOnce, identityFromSeed, peerIdOf } from '#node/host'
import { fromHex, hostPlatform, type Layout, messageOf, silentLogger, writeFileAtomic } from '#node/kit'
import {
  AgentSettings,
  createIdentity,
  MemberError,
  openDatabase,
  parseSwarmSettings,
  readIdentity,
  readSettings,
} from '#node/member'
import { acceptAdmission, enrolProtocol, joinMultiaddr, parseJoinUrl, Roster, RosterError } from '#swarm/roster'

export interface Enrolled {
  readonly fleetId: string
  readonly hostname: string
  readonly peerId: string
}

/**
 * Makes this machine a member of the fleet that a join URL names: creates its key, trades the token for an admission, and
 * writes roster and `agent.yaml`. Can be repeated until it succeeded.
 * @throws RosterError, MemberError 'already-enrolled', HostError 'unreachable'
 */
export async function enroll(options: {
  layout: Layout
  joinUrl: string
  hostname: string
  listen?: readonly string[]
  signal?: AbortSignal
}): Promise<Enrolled> {
  const { layout } = options
  const url = parseJoinUrl(options.joinUrl)
  const existing = await readSettings<AgentSettings>(layout.agentYaml, AgentSettings)
  if (existing !== null) {
    throw new MemberError(
      'already-enrolled',
      `this machine belongs to fleet ${existing.fleet.slice(0, 12)}… as '${existing.hostname}'; remove ${layout.agentYaml} and ${layout.state} to start over`,
    )
  }
  const seed = (await readIdentity(layout.identityKey)) ?? (await createIdentity(layout.identityKey))
  const hostname = options.hostname.toLowerCase()
  const message = { token: url.token, hostname, ...hostPlatform() }
  const boltPeer = peerIdOf(fromHex(url.bolt))
  const failures: string[] = []
  for (const address of url.addresses) {
    const target = joinMultiaddr(address, boltPeer)
    try {
      const response = await dialOnce(
        {
          privateKeySeed: seed,
          address: target,
          protocol: enrolProtocol.id,
          maxFrameBytes: enrolProtocol.maxResponseBytes,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        stream => askOne(stream, enrolProtocol, message, options),
      )
      return await settle(response)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (error instanceof RosterError) throw error
      failures.push(`${address.host}:${address.port}: ${messageOf(error)}`)
    }
  }
  throw new RosterError(
    'unreachable',
    `no address of the join URL answered (${failures.join('; ')}); is vigosrv running there?`,
  )

  async function settle(response: Parameters<typeof acceptAdmission>[0]): Promise<Enrolled> {
    const { publicKey, peerId } = identityFromSeed(seed)
    const db = await openDatabase(layout)
    try {
      const roster = await Roster.open({ db, fleetId: url.fleetId, logger: silentLogger })
      await acceptAdmission(response, { roster, publicKey })
    } finally {
      await db.close()
    }
    if (!response.admitted) throw new RosterError('token-refused', response.reason)
    const swarm = {
      ...parseSwarmSettings(response.settings),
      ...(options.listen?.length ? { listen: [...options.listen] } : {}),
    }
    const settings: AgentSettings = { fleet: url.fleetId, hostname, bootstrap: [...response.addresses], swarm }
    await mkdir(dirname(layout.agentYaml), { recursive: true })
    await writeFileAtomic(layout.agentYaml, stringify(settings), { mode: 0o644 })
    return { fleetId: url.fleetId, hostname, peerId }
  }
}
