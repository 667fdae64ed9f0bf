import type { Releases } from '#config/store'
import type { machineRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import { codeOf } from '#node/kit'
import type { Member } from '#node/member'
import type { FleetView } from '../fleet/types.ts'
import { fingerprintOf } from '../http/certificate.ts'
import type { Principal } from '../http/principal.ts'
import type { HttpServer } from '../http/server.ts'
import type { Policy } from '../policy/index.ts'
import type { Rollout } from '../rollout/types.ts'
import type { TasksView } from '../tasks/types.ts'
import { type DoctorParts, examine } from './doctor/index.ts'
import { configVersion } from './present.ts'
import { recorded } from './recorded.ts'

export interface MachineParts extends DoctorParts {
  readonly member: Member
  readonly version: string
  readonly releases: Releases
  readonly policy: Policy
  readonly fleet: FleetView
  readonly rollout: Rollout
  readonly tasks: TasksView
  readonly audit: Audit
  readonly http: () => HttpServer
  /** Reads settings, certificate and what is live again; answers the keys of server.yaml that need a restart. */
  readonly reload: () => Promise<readonly string[]>
}

const RECENT_TASKS = 50

export function machineHandlers(parts: MachineParts): Handlers<typeof machineRoutes, Principal> {
  const { policy, audit, http } = parts
  return {
    serverStatus: async () => await statusOf(parts),
    doctor: async ({ signal }) => await examine(parts, { signal }),
    reload: async ({ user }) => {
      const restartNeeded = await recorded(audit, user, { action: 'server.reload', target: '' }, () => parts.reload())
      return { config: configVersion(policy), listeners: http().listeners(), restartNeeded }
    },
    certificate: async () => {
      const shown = http().certificate
      if (shown === null) return { pem: null, fingerprint: null, isOwn: false, validUntil: null, names: [] }
      const { pem, isOwn, certificate } = shown
      return {
        pem,
        fingerprint: fingerprintOf(certificate),
        isOwn,
        validUntil: new Date(certificate.validTo).toISOString(),
        names: (certificate.subjectAltName ?? '').split(', ').filter(name => name !== ''),
      }
    },
    latestAgent: async () => latestAgent(parts),
  }
}

async function statusOf({ member, policy, fleet, rollout, tasks, releases, version, http }: MachineParts) {
  const running = (await tasks.list({ limit: RECENT_TASKS })).filter(({ state }) => state === 'running')
  const { host, roster } = member
  return {
    hostname: member.self.hostname,
    version,
    fleet: member.fleetId,
    peer: host.peerId,
    pid: process.pid,
    startedAt: member.startedAt,
    memoryBytes: process.memoryUsage.rss(),
    members: roster.members().filter(({ peer }) => roster.isMember(peer)).length,
    config: configVersion(policy),
    frozenUntil: (await releases.frozen())?.until ?? null,
    envoys: fleet.counts(),
    rollout: rollout.status().canary?.phase ?? 'idle',
    runningTasks: running.length,
    listeners: http().listeners(),
  }
}

/** Envoys of this fleet run the version of their server; where it is published as an artifact, they can have it from each other. */
function latestAgent({ member, version }: MachineParts) {
  try {
    const { id, view } = member.curator.find('vigo-agent', null)
    const latest = view.tags['latest']
    const blobs = latest === undefined ? [] : (view.versions[latest] ?? [])
    return {
      version,
      artifact: id,
      platforms: blobs.map(({ os, arch, blobSha, sizeBytes }) => ({
        os,
        arch,
        version: latest ?? '',
        blobSha,
        sizeBytes,
      })),
    }
  } catch (error) {
    // Nobody published it, or two puddles did: then nothing is known of it.
    if (codeOf(error) === undefined) throw error
    return { version, artifact: null, platforms: [] }
  }
}
