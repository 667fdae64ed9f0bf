import { type Static, Type } from '@sinclair/typebox'
import { Count, Hex32, Name } from './forms.ts'

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
