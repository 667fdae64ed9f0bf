import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import { type Layout, writeFileAtomic } from '#node/kit'
import { joinFleet, parseSharedSettings, requireNewcomer, type ServerSettings } from '#node/member'
import { checkEach, checkSettings } from './current-settings.ts'

export interface Joined {
  readonly fleetId: string
  readonly hostname: string
  readonly peerId: string
  readonly serverYaml: string
}

/**
 * Makes this machine a further server of the fleet that a join URL names: creates its key, trades the token for an admission, and
 * writes roster and `server.yaml`, in which what is given here counts before what the fleet's servers have alike. Can be repeated
 * until it succeeded.
 *
 * @throws RosterError; MemberError 'already-enrolled'; 'bad-settings', HttpError 'bad-settings'
 */
export async function joinAsServer(options: {
  layout: Layout
  joinUrl: string
  hostname: string
  settings?: Partial<ServerSettings>
  signal?: AbortSignal
}): Promise<Joined> {
  const { layout, settings: given = {} } = options
  await requireNewcomer(layout)
  // What is wrong with them is said before a token is used up.
  checkEach({ ...given, hostname: options.hostname.toLowerCase() }, layout.serverYaml)
  const { fleetId, hostname, peerId, bootstrap, settings: sent } = await joinFleet({ ...options, role: 'bolt' })
  const shared = parseSharedSettings(sent)
  const settings: ServerSettings = {
    ...shared,
    ...given,
    swarm: { ...shared.swarm, ...given.swarm },
    hostname,
    fleet: fleetId,
    bootstrap: [...bootstrap],
    spanner: { mode: 'spanner' },
  }
  checkSettings(settings, layout.serverYaml)
  await mkdir(dirname(layout.serverYaml), { recursive: true })
  await writeFileAtomic(layout.serverYaml, stringify(settings), { mode: 0o640 })
  return { fleetId, hostname, peerId, serverYaml: layout.serverYaml }
}
