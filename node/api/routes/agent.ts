import { type Static, Type } from '@sinclair/typebox'
import { route } from '../contract.ts'
import { BlobRow, Progress } from './curator-schemas.ts'
import { Count, Empty, Hex32 } from './forms.ts'

export const MemberStatus = Type.Object({
  fleet: Hex32,
  hostname: Type.String(),
  role: Type.String(),
  version: Type.String(),
  pid: Count,
  peer: Type.String(),
  publicKey: Hex32,
  addresses: Type.Array(Type.String()),
  startedAt: Count,
  peers: Type.Array(Type.Object({ peer: Type.String(), hostname: Type.String(), role: Type.String() })),
  members: Count,
  records: Type.Record(Type.String(), Count),
  lastSync: Type.Union([Type.Object({ peer: Type.String(), at: Count }), Type.Null()]),
  heldFromFuture: Count,
  store: Type.Object({
    blobs: Count,
    bytes: Count,
    partialBytes: Count,
    diskFreeBytes: Count,
    diskSizeBytes: Count,
  }),
  replicas: Type.Object({
    wanted: Count,
    held: Count,
    fetching: Count,
    waitingFor: Type.Union([Type.String(), Type.Null()]),
    failures: Type.Array(Type.Object({ blob: Hex32, name: Type.String(), reason: Type.String() })),
  }),
  transfers: Type.Array(
    Type.Object({ blob: Hex32, priority: Type.String(), startedAt: Count, ...Progress.properties }),
  ),
  publishing: Type.Object({ enabled: Type.Boolean(), maxBytes: Count }),
  memoryBytes: Count,
})
export type MemberStatus = Static<typeof MemberStatus>

const Taken = Type.Object({ fresh: Count, known: Count, refused: Count })
export const AppliedBundle = Type.Object({
  from: Type.String(),
  createdAt: Count,
  records: Taken,
  blobs: Taken,
  projects: Type.Object({ fresh: Count, notHeld: Count, refused: Count }),
  problems: Type.Array(Type.String()),
})
export type AppliedBundle = Static<typeof AppliedBundle>

export const SignedJson = Type.Object({
  kind: Type.Union([Type.Literal('catalog-entry'), Type.Literal('name-claim'), Type.Literal('rekey-bridge')]),
  /** The canonical body, exactly as it was signed. */
  body: Type.String({ maxLength: 4 * 1024 * 1024 }),
  signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
})

/** The local API of a member, on `agent.sock`. */
export const agentRoutes = {
  status: route({
    method: 'GET',
    path: '/v1/status',
    summary: 'This machine as a peer: neighbours, records, store, transfers',
    caller: 'anyone',
    body: Empty,
    reply: MemberStatus,
  }),
  blobs: route({
    method: 'GET',
    path: '/v1/blobs',
    summary: 'Blobs in the store, complete and partial',
    caller: 'anyone',
    body: Empty,
    reply: Type.Object({ blobs: Type.Array(BlobRow) }),
  }),
  submit: route({
    method: 'POST',
    path: '/v1/records',
    summary: 'A record signed by a local puddle, to be verified, kept and gossiped',
    caller: 'publisher',
    body: SignedJson,
    reply: Type.Object({ hash: Hex32 }),
  }),
  applyBundle: route({
    method: 'POST',
    path: '/v1/bundle',
    summary: 'Everything of a bundle that can be verified',
    caller: 'admin',
    upload: true,
    body: Empty,
    reply: AppliedBundle,
  }),
  puddles: route({
    method: 'GET',
    path: '/v1/puddles',
    summary: 'Puddles that claim a name in this fleet',
    caller: 'anyone',
    body: Empty,
    reply: Type.Object({
      puddles: Type.Array(Type.Object({ puddle: Hex32, name: Type.String(), ambiguous: Type.Boolean() })),
    }),
  }),
  puddle: route({
    method: 'GET',
    path: '/v1/puddle',
    summary: 'What this fleet knows of one key: its name, its claim, older and newer keys, what it founded',
    caller: 'anyone',
    body: Type.Object({ puddle: Hex32 }),
    reply: Type.Object({
      fleet: Hex32,
      name: Type.Union([Type.String(), Type.Null()]),
      claimSerial: Count,
      newestKey: Hex32,
      olderKeys: Type.Array(Hex32),
      artifacts: Type.Array(Type.Object({ id: Hex32, name: Type.String(), founder: Hex32 })),
      /** This machine's clock, which signed bodies carry. */
      now: Count,
    }),
  }),
  offerPairing: route({
    method: 'POST',
    path: '/v1/pairings',
    summary: 'Let one other machine fetch a wrapped puddle key with a code, once, within five minutes',
    caller: 'publisher',
    body: Type.Object({
      code: Type.String({ minLength: 8, maxLength: 64 }),
      bundle: Type.String({ maxLength: 4096, description: 'base64 of the wrapped key and its public parts' }),
    }),
    reply: Type.Object({ expiresAt: Count }),
  }),
  claimPairing: route({
    method: 'POST',
    path: '/v1/pairings/claim',
    summary: 'Fetch a wrapped puddle key from another member with the code that it shows',
    caller: 'publisher',
    body: Type.Object({ from: Type.String({ maxLength: 253 }), code: Type.String({ minLength: 8, maxLength: 64 }) }),
    reply: Type.Object({ bundle: Type.String() }),
  }),
}
