import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import { identityFromSeed } from '#node/host'
import { hostPlatform, type Layout, silentLogger, systemClock, toHex, writeFileAtomic } from '#node/kit'
import { createIdentity, openDatabase, readIdentity, requireNewcomer, type ServerSettings } from '#node/member'
import { signerFromSeed } from '#swarm/record'
import { Roster, signAdmission } from '#swarm/roster'
import { checkSettings } from './current-settings.ts'

export interface Founded {
  readonly fleetId: string
  readonly hostname: string
  readonly peerId: string
  readonly serverYaml: string
}

/**
 * Founds a fleet on this machine: creates the founding bolt key, whose public half is the fleet id, admits the bolt itself, and
 * writes `server.yaml`. @throws MemberError 'already-enrolled'; 'bad-settings', HttpError 'bad-settings', and then nothing was made
 */
export async function initServer(options: {
  layout: Layout
  hostname: string
  settings?: Partial<ServerSettings>
}): Promise<Founded> {
  const { layout } = options
  const hostname = options.hostname.toLowerCase()
  await requireNewcomer(layout)
  const settings: ServerSettings = { swarm: { curator: { enabled: ['*'] } }, ...options.settings, hostname }
  checkSettings(settings, layout.serverYaml)
  const seed = (await readIdentity(layout.identityKey)) ?? (await createIdentity(layout.identityKey))
  const signer = signerFromSeed(seed)
  const fleetId = toHex(signer.publicKey)
  const db = await openDatabase(layout)
  try {
    const roster = await Roster.open({ db, fleetId, logger: silentLogger })
    const admission = await signAdmission(
      {
        peer: fleetId,
        hostname,
        role: 'bolt',
        ...hostPlatform(),
        serial: 1,
        issuedAt: systemClock.now(),
      },
      fleetId,
      signer,
    )
    await roster.offer(admission, { sync: true })
  } finally {
    await db.close()
  }
  await mkdir(dirname(layout.serverYaml), { recursive: true })
  await writeFileAtomic(layout.serverYaml, stringify(settings), { mode: 0o640 })
  return { fleetId, hostname, peerId: identityFromSeed(seed).peerId, serverYaml: layout.serverYaml }
}
