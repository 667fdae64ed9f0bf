import { statfs } from 'node:fs/promises'
import type { Releases } from '#config/store'
import type { Finding } from '#node/api'
import { publicKeyOf } from '#node/host'
import { formatSize, messageOf, toHex } from '#node/kit'
import type { Member } from '#node/member'
import type { FleetView } from '../../fleet/types.ts'
import type { HttpServer } from '../../http/server.ts'
import type { ApiTokens } from '../../http/tokens.ts'
import type { Policy } from '../../policy/index.ts'
import { accessFindings } from './access.ts'
import { configFindings, releaseFindings } from './config.ts'
import { envoyFindings } from './envoys.ts'

export interface DoctorParts {
  readonly member: Member
  readonly releases: Releases
  readonly policy: Policy
  readonly fleet: Pick<FleetView, 'rows'>
  readonly apiTokens: ApiTokens
  readonly http: () => HttpServer
}

interface Check {
  readonly name: string
  readonly run: (parts: DoctorParts) => Promise<readonly Finding[]> | readonly Finding[]
}

const CHECKS: readonly Check[] = [
  { name: 'configuration in force', run: ({ policy }) => configFindings(policy) },
  { name: 'releases on disk', run: ({ releases, policy }) => releaseFindings(releases, policy) },
  { name: 'envoys', run: ({ fleet }) => envoyFindings(fleet.rows()) },
  {
    name: 'API and tokens',
    run: ({ apiTokens, http, member }) => accessFindings(apiTokens, http(), member.clock.now()),
  },
  { name: 'disk', run: ({ member }) => diskFindings(member) },
  { name: 'swarm', run: ({ member }) => swarmFindings(member) },
]

const ORDER: readonly Finding['severity'][] = ['error', 'warning', 'note']

/** Everything that is wrong, the worst first. A check that cannot be made is itself a finding. */
export async function examine(
  parts: DoctorParts,
  options: { signal: AbortSignal },
): Promise<{ findings: Finding[]; checks: string[] }> {
  const findings: Finding[] = []
  for (const { name, run } of CHECKS) {
    options.signal.throwIfAborted()
    try {
      findings.push(...(await run(parts)))
    } catch (error) {
      findings.push({
        severity: 'error',
        code: 'check-failed',
        message: `'${name}' could not be looked at: ${messageOf(error)}`,
        hint: 'mend that first, then ask again',
        items: [],
      })
    }
  }
  findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity))
  return { findings, checks: CHECKS.map(({ name }) => name) }
}

const LOW_DISK_SHARE = 0.1

async function diskFindings({ layout }: Member): Promise<Finding[]> {
  const { bavail, blocks, bsize } = await statfs(layout.state)
  if (bavail / blocks >= LOW_DISK_SHARE) return []
  return [
    {
      severity: bavail * bsize < 256 * 2 ** 20 ? 'error' : 'warning',
      code: 'disk-low',
      message: `${layout.state} has ${formatSize(bavail * bsize)} left, less than a tenth of its disk`,
      hint: 'free some space: vigo swarm curator gc; below a tenth this machine takes no copies of artifacts',
      items: [],
    },
  ]
}

function swarmFindings({ host, roster, catalog }: Member): Finding[] {
  const self = toHex(publicKeyOf(host.peerId))
  const others = roster.members().filter(({ peer }) => roster.isMember(peer) && peer !== self)
  const findings: Finding[] = []
  if (!roster.isBolt(self)) {
    findings.push({
      severity: 'error',
      code: 'no-server-of-the-fleet',
      message: 'this server was put out of its fleet, or the fleet has not said yet that it is in: nobody talks to it',
      hint: 'vigosrv members list, there and here; a revoked server needs a new key and vigosrv join',
      items: [],
    })
  }
  if (others.length > 0 && host.peers().length === 0) {
    findings.push({
      severity: 'error',
      code: 'nobody-connected',
      message: `none of the ${others.length} other members is connected to this server`,
      hint: 'check that port 1531 (swarm.listen) is open, and that the clocks agree',
      items: [],
    })
  }
  if (catalog.heldCount > 0) {
    findings.push({
      severity: 'warning',
      code: 'records-from-future',
      message: `${catalog.heldCount} records are dated more than ten minutes ahead and are held back`,
      hint: 'a clock is wrong, here or where they were signed',
      items: [],
    })
  }
  return findings
}
