import { Type } from '@sinclair/typebox'
import { route } from '../contract.ts'
import {
  ArtifactDetail,
  ArtifactSummary,
  BlobRow,
  Change,
  Progress,
  Pulled,
  Resolved,
  ShelfItem,
} from './curator-schemas.ts'
import { Count, Empty, Hex32, Name, OwnPuddle, Platform } from './forms.ts'

/** The curator's part of a member's local API, on `curator.sock` and `agent.sock`. */
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
