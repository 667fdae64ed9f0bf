import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Hex32, NoFields, OrNull, Time } from '../forms.ts'
import { ConfigVersion } from './config.ts'
import { FleetCounts } from './envoys.ts'

export const Listener = Type.Object({ url: Type.String(), fingerprint: OrNull(Hex32) })

export const ServerStatus = Type.Object({
  hostname: Type.String(),
  version: Type.String(),
  fleet: Hex32,
  peer: Type.String(),
  pid: Count,
  startedAt: Time,
  memoryBytes: Count,
  members: Count,
  config: ConfigVersion,
  frozenUntil: OrNull(Type.String()),
  envoys: FleetCounts,
  rollout: Type.String({ description: 'idle, announced, watching, promoted or stopped' }),
  runningTasks: Count,
  listeners: Type.Array(Listener),
})
export type ServerStatus = Static<typeof ServerStatus>

export const Finding = Type.Object({
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('note')]),
  code: Type.String({ description: 'stable, for programs' }),
  message: Type.String(),
  hint: Type.String({ description: 'what to do next' }),
  /** What it is about: hosts, files. At most fifty. */
  items: Type.Array(Type.String()),
})
export type Finding = Static<typeof Finding>

/** The server itself. */
export const machineRoutes = {
  serverStatus: route({
    method: 'GET',
    path: '/api/v1/status',
    summary: 'The server on one page: what it is, what is live, how the fleet does',
    caller: 'viewer',
    body: NoFields,
    reply: ServerStatus,
  }),
  doctor: route({
    method: 'GET',
    path: '/api/v1/doctor',
    summary: 'Everything that is wrong with server, configuration and fleet, and what to do about it',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({ findings: Type.Array(Finding), checks: Type.Array(Type.String()) }),
  }),
  reload: route({
    method: 'POST',
    path: '/api/v1/reload',
    summary: 'Read the settings, the certificate and what is live again; says which settings need a restart',
    caller: 'admin',
    body: NoFields,
    reply: Type.Object({
      config: ConfigVersion,
      listeners: Type.Array(Listener),
      restartNeeded: Type.Array(Type.String({ description: 'keys of server.yaml' })),
    }),
  }),
  certificate: route({
    method: 'GET',
    path: '/api/v1/certificate',
    summary: 'The certificate that the server shows, for --ca and --fingerprint of those who call it',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({
      pem: OrNull(Type.String()),
      fingerprint: OrNull(Hex32),
      isOwn: Type.Boolean({ description: 'self-signed by this server' }),
      validUntil: OrNull(Type.String()),
      names: Type.Array(Type.String()),
    }),
  }),
  latestAgent: route({
    method: 'GET',
    path: '/api/v1/agent/latest',
    summary:
      'The version of the agent that goes with this server, and the artifact vigo-agent:latest where it is published',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({
      version: Type.String(),
      artifact: OrNull(Type.String()),
      platforms: Type.Array(
        Type.Object({
          os: Type.String(),
          arch: Type.String(),
          version: Type.String(),
          blobSha: Hex32,
          sizeBytes: Count,
        }),
      ),
    }),
  }),
}
