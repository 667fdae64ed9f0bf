import { type Static, Type } from '@sinclair/typebox'
import { route } from './contract.ts'

/** The local API of a member, on `agent.sock` and, for its curator part, on `curator.sock`. */

const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Name = Type.String({ minLength: 1, maxLength: 128 })
const Platform = Type.Object({ os: Type.String({ maxLength: 32 }), arch: Type.String({ maxLength: 32 }) })
const OwnPuddle = Type.Union([Hex32, Type.Null()])
const Empty = Type.Object({})
const Count = Type.Number({ minimum: 0 })

export const PlatformBlob = Type.Object({
  os: Type.String(),
  arch: Type.String(),
  blobSha: Hex32,
  sizeBytes: Count,
  chunks: Hex32,
})

export const Change = Type.Union([
  Type.Object({
    type: Type.Literal('push'),
    kind: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
    version: Name,
    blob: PlatformBlob,
    tags: Type.Array(Name, { maxItems: 64 }),
    target: Type.Union([Type.String({ maxLength: 1024 }), Type.Null()]),
  }),
  Type.Object({ type: Type.Literal('tag'), tag: Name, version: Name }),
  Type.Object({ type: Type.Literal('untag'), tag: Name }),
  Type.Object({ type: Type.Literal('set-target'), target: Type.String({ maxLength: 1024 }) }),
  Type.Object({ type: Type.Literal('remove') }),
  Type.Object({ type: Type.Literal('rekey') }),
])

export const ArtifactSummary = Type.Object({
  id: Hex32,
  namespace: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  founder: Hex32,
  versions: Type.Array(Type.String()),
  tags: Type.Record(Type.String(), Type.String()),
  target: Type.String(),
  tombstone: Type.Boolean(),
  heads: Count,
  conflicts: Count,
  sizeBytes: Count,
  issuedAt: Count,
})
export type ArtifactSummary = Static<typeof ArtifactSummary>

export const ArtifactDetail = Type.Object({
  id: Hex32,
  namespace: Type.String(),
  view: Type.Object({
    name: Type.String(),
    kind: Type.String(),
    founder: Hex32,
    signer: Hex32,
    epoch: Count,
    seq: Count,
    versions: Type.Record(Type.String(), Type.Array(PlatformBlob)),
    tags: Type.Record(Type.String(), Type.String()),
    target: Type.String(),
    recipients: Type.Array(Type.String()),
    tombstone: Type.Boolean(),
    issuedAt: Count,
    conflicts: Type.Array(Type.Unknown()),
  }),
  /** The signed entries themselves: hash, body, signature. */
  heads: Type.Array(Type.Object({ hash: Hex32, body: Type.Unknown(), signature: Type.String() })),
})
export type ArtifactDetail = Static<typeof ArtifactDetail>

export const Resolved = Type.Object({
  artifact: Hex32,
  namespace: Type.String(),
  name: Type.String(),
  version: Type.String(),
  tags: Type.Array(Type.String()),
  blob: PlatformBlob,
  local: Type.Boolean(),
})
export type Resolved = Static<typeof Resolved>

export const Progress = Type.Object({
  phase: Type.String(),
  bytesTotal: Count,
  bytesReused: Count,
  bytesFetched: Count,
  bytesPerSecond: Count,
  secondsLeft: Type.Union([Count, Type.Null()]),
  sources: Type.Record(Type.String(), Count),
  waitingFor: Type.Optional(Type.String()),
})
export type Progress = Static<typeof Progress>

export const Pulled = Type.Object({
  ...Resolved.properties,
  path: Type.String(),
  report: Type.Object({
    bytesFetched: Count,
    bytesReused: Count,
    durationMs: Count,
    sources: Type.Record(Type.String(), Count),
  }),
})
export type Pulled = Static<typeof Pulled>

export const ShelfItem = Type.Object({
  artifact: Hex32,
  name: Type.String(),
  version: Type.String(),
  platform: Type.String(),
  blobSha: Hex32,
  sizeBytes: Count,
  path: Type.String(),
  pulledAt: Count,
  reason: Type.Optional(Type.String()),
})
export type ShelfItem = Static<typeof ShelfItem>

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

export const BlobRow = Type.Object({
  sha: Hex32,
  sizeBytes: Count,
  state: Type.String(),
  chunkCount: Count,
  chunksHeld: Count,
  bytesHeld: Count,
  usedAt: Count,
  pins: Type.Array(Type.String()),
})
export type BlobRow = Static<typeof BlobRow>

export const SignedJson = Type.Object({
  kind: Type.Union([Type.Literal('catalog-entry'), Type.Literal('name-claim'), Type.Literal('rekey-bridge')]),
  /** The canonical body, exactly as it was signed. */
  body: Type.String({ maxLength: 4 * 1024 * 1024 }),
  signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
})

export const curatorRoutes = {
  artifacts: route({
    method: 'GET',
    path: '/v1/curator/artifacts',
    summary: 'Everything that is published in the fleet, as this machine knows it',
    caller: 'anyone',
    body: Type.Object({ removed: Type.Optional(Type.Boolean()) }),
    reply: Type.Object({ artifacts: Type.Array(ArtifactSummary) }),
  }),
  inspect: route({
    method: 'GET',
    path: '/v1/curator/inspect',
    summary: 'One artifact with its signed entries',
    caller: 'anyone',
    body: Type.Object({ reference: Type.String({ maxLength: 400 }), puddle: Type.Optional(OwnPuddle) }),
    reply: ArtifactDetail,
  }),
  resolve: route({
    method: 'POST',
    path: '/v1/curator/resolve',
    summary: 'What a reference means: version, platform and blob',
    caller: 'anyone',
    body: Type.Object({
      reference: Type.String({ maxLength: 400 }),
      platform: Type.Optional(Platform),
      puddle: OwnPuddle,
    }),
    reply: Resolved,
  }),
  pull: route({
    method: 'POST',
    path: '/v1/curator/pull',
    summary: 'Bring an artifact to this machine',
    caller: 'anyone',
    body: Type.Object({
      reference: Type.String({ maxLength: 400 }),
      platform: Type.Optional(Platform),
      puddle: OwnPuddle,
    }),
    reply: Pulled,
    event: Progress,
  }),
  upload: route({
    method: 'POST',
    path: '/v1/curator/blobs',
    summary: 'Bytes for a push; an entry must name them within fifteen minutes',
    caller: 'publisher',
    upload: true,
    body: Empty,
    reply: Type.Object({ sha: Hex32, sizeBytes: Count, chunks: Hex32 }),
  }),
  discard: route({
    method: 'POST',
    path: '/v1/curator/blobs/discard',
    summary: 'Give up uploaded bytes that no entry will name',
    caller: 'publisher',
    body: Type.Object({ sha: Hex32 }),
    reply: Empty,
  }),
  draft: route({
    method: 'POST',
    path: '/v1/curator/drafts',
    summary: 'The canonical body of the entry that a change needs, to be signed by the puddle',
    caller: 'publisher',
    body: Type.Object({ name: Name, puddle: Hex32, change: Change }),
    reply: Type.Object({ body: Type.String(), fleet: Hex32 }),
  }),
  stale: route({
    method: 'GET',
    path: '/v1/curator/stale',
    summary: 'Files on the shelf that no tag points at, or whose artifact is gone',
    caller: 'anyone',
    body: Empty,
    reply: Type.Object({ items: Type.Array(ShelfItem) }),
  }),
  prune: route({
    method: 'POST',
    path: '/v1/curator/prune',
    summary: 'Take stale files off the shelf',
    caller: 'admin',
    body: Type.Object({ dryRun: Type.Boolean() }),
    reply: Type.Object({ items: Type.Array(ShelfItem) }),
  }),
  collect: route({
    method: 'POST',
    path: '/v1/curator/gc',
    summary: 'Remove blobs that nothing on this machine asks for',
    caller: 'admin',
    body: Type.Object({ dryRun: Type.Boolean(), retentionMs: Type.Optional(Count) }),
    reply: Type.Object({ removed: Type.Array(BlobRow), freedBytes: Count }),
  }),
}

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

export const JoinTokenRow = Type.Object({
  id: Type.String(),
  pattern: Type.String(),
  expiresAt: Count,
  usesLeft: Count,
  createdAt: Count,
})

export const MemberRow = Type.Object({
  peer: Type.String(),
  publicKey: Hex32,
  hostname: Type.String(),
  role: Type.String(),
  platform: Type.String(),
  connected: Type.Boolean(),
  revoked: Type.Union([Type.Object({ at: Count, reason: Type.String() }), Type.Null()]),
})
export type MemberRow = Static<typeof MemberRow>

/** The administrator's API of a bolt, on `vigosrv.sock` (root only). */
export const serverRoutes = {
  createToken: route({
    method: 'POST',
    path: '/v1/tokens',
    summary: 'Mint a join token',
    caller: 'admin',
    body: Type.Object({
      pattern: Type.String({ minLength: 1, maxLength: 256 }),
      ttlMs: Type.Integer({ minimum: 1000, maximum: 31_536_000_000 }),
      uses: Type.Integer({ minimum: 1, maximum: 100_000 }),
    }),
    reply: Type.Object({ url: Type.String(), token: JoinTokenRow }),
  }),
  tokens: route({
    method: 'GET',
    path: '/v1/tokens',
    summary: 'Join tokens that were minted here',
    caller: 'admin',
    body: Empty,
    reply: Type.Object({ tokens: Type.Array(JoinTokenRow) }),
  }),
  revokeToken: route({
    method: 'POST',
    path: '/v1/tokens/revoke',
    summary: 'Withdraw a join token',
    caller: 'admin',
    body: Type.Object({ id: Type.String({ maxLength: 64 }) }),
    reply: Empty,
  }),
  members: route({
    method: 'GET',
    path: '/v1/members',
    summary: 'Everybody who was ever admitted',
    caller: 'admin',
    body: Empty,
    reply: Type.Object({ members: Type.Array(MemberRow) }),
  }),
  revokeMember: route({
    method: 'POST',
    path: '/v1/members/revoke',
    summary: 'Put a member out of the fleet for good',
    caller: 'admin',
    body: Type.Object({
      member: Type.String({ minLength: 1, maxLength: 253 }),
      reason: Type.String({ maxLength: 200 }),
    }),
    reply: MemberRow,
  }),
}
