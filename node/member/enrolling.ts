import { askOne, dialOnce, identityFromSeed, peerIdOf } from '#node/host'
import { fromHex, hostPlatform, type Layout, messageOf, silentLogger } from '#node/kit'
import {
  acceptAdmission,
  type EnrolResponse,
  enrolProtocol,
  joinMultiaddr,
  parseJoinUrl,
  type Role,
  Roster,
  RosterError,
} from '#swarm/roster'
import { openDatabase } from './database.ts'
import { MemberError } from './errors.ts'
import { createIdentity, readIdentity } from './identity.ts'
import { AgentSettings, readSettings, ServerSettings } from './settings.ts'

/** What a machine has of its fleet once it was let in; key and roster are on disk then, settings are the caller's to write. */
export interface LetIn {
  readonly fleetId: string
  readonly hostname: string
  readonly peerId: string
  /** Where members of the fleet are. */
  readonly bootstrap: readonly string[]
  /** YAML; its form depends on the role. */
  readonly settings: string
}

/**
 * Makes this machine's key (created when there is none) a member of the fleet that a join URL names. Can be repeated until it
 * succeeded, also when an answer was lost.
 *
 * @throws RosterError 'malformed', 'token-refused', 'unreachable'; MemberError 'already-running'
 */
export async function joinFleet(options: {
  layout: Layout
  joinUrl: string
  hostname: string
  role: Role
  signal?: AbortSignal
}): Promise<LetIn> {
  const { layout, role } = options
  const url = parseJoinUrl(options.joinUrl)
  const seed = (await readIdentity(layout.identityKey)) ?? (await createIdentity(layout.identityKey))
  const hostname = options.hostname.toLowerCase()
  const response = await ask(url, seed, { token: url.token, role, hostname, ...hostPlatform() }, options)
  const { publicKey, peerId } = identityFromSeed(seed)
  const db = await openDatabase(layout)
  try {
    const roster = await Roster.open({ db, fleetId: url.fleetId, logger: silentLogger })
    const { addresses, settings } = await acceptAdmission(response, { roster, publicKey, role })
    return { fleetId: url.fleetId, hostname, peerId, bootstrap: addresses, settings }
  } finally {
    await db.close()
  }
}

async function ask(
  url: ReturnType<typeof parseJoinUrl>,
  seed: Uint8Array,
  request: Parameters<typeof enrolProtocol.request.encode>[0],
  { signal }: { signal?: AbortSignal },
): Promise<EnrolResponse> {
  const bolt = peerIdOf(fromHex(url.bolt))
  const call = signal === undefined ? {} : { signal }
  const failures: string[] = []
  for (const address of url.addresses) {
    try {
      return await dialOnce(
        {
          privateKeySeed: seed,
          address: joinMultiaddr(address, bolt),
          protocol: enrolProtocol.id,
          maxFrameBytes: enrolProtocol.maxResponseBytes,
          ...call,
        },
        stream => askOne(stream, enrolProtocol, request, call),
      )
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(`${address.host}:${address.port}: ${messageOf(error)}`)
    }
  }
  throw new RosterError(
    'unreachable',
    `no address of the join URL answered (${failures.join('; ')}); is vigosrv running there?`,
  )
}

/** @throws MemberError 'already-enrolled' when this root is an envoy's or a server's */
export async function requireNewcomer(layout: Layout): Promise<void> {
  const agent = await readSettings<AgentSettings>(layout.agentYaml, AgentSettings)
  if (agent !== null) {
    throw new MemberError(
      'already-enrolled',
      `this machine belongs to fleet ${agent.fleet.slice(0, 12)}… as '${agent.hostname}'; remove ${layout.agentYaml} and ${layout.state} to start over`,
    )
  }
  const server = await readSettings<ServerSettings>(layout.serverYaml, ServerSettings)
  if (server === null) return
  const did = server.fleet === undefined ? 'founded a fleet' : `belongs to fleet ${server.fleet.slice(0, 12)}…`
  throw new MemberError(
    'already-enrolled',
    `this server ${did} as '${server.hostname}' already (${layout.serverYaml}); start it with vigosrv run`,
  )
}
