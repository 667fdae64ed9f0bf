import { type Static, Type } from '@sinclair/typebox'
import { route } from '../contract.ts'
import { Count, Empty, Hex32 } from './forms.ts'

const ObjectId = Type.String({ pattern: '^[0-9a-f]{40}$' })
const Ref = Type.String({ maxLength: 256 })
/** `<id>`, `<id>/<handle>`, `<puddle name>/<handle>`, or the handle of one's own. */
const Reference = Type.String({ minLength: 1, maxLength: 256 })
const Level = Type.Union([Type.Literal('none'), Type.Literal('read'), Type.Literal('write'), Type.Literal('admin')])

export const ProjectRow = Type.Object({
  id: Hex32,
  handle: Type.String(),
  founder: Hex32,
  /** The name of the founder's puddle; null without one, or when others claim it too. */
  founderName: Type.Union([Type.String(), Type.Null()]),
  policy: Type.String(),
  members: Count,
  /** Machines that hold it. */
  seats: Count,
  isHeldHere: Type.Boolean(),
  diverged: Count,
})
export type ProjectRow = Static<typeof ProjectRow>

export const RefRow = Type.Object({
  ref: Type.String(),
  commit: Type.Union([ObjectId, Type.Null()]),
  state: Type.String(),
  problem: Type.String(),
  heads: Type.Array(Type.Object({ commit: ObjectId, signer: Hex32, seq: Count, issuedAt: Count })),
})

export type RefRow = Static<typeof RefRow>

export const ProjectDetails = Type.Object({
  ...ProjectRow.properties,
  memberRows: Type.Array(Type.Object({ key: Hex32, name: Type.Union([Type.String(), Type.Null()]), level: Level })),
  seatRows: Type.Array(
    Type.Object({ member: Hex32, peer: Hex32, hostname: Type.String(), isConnected: Type.Boolean() }),
  ),
  /** Empty where this machine does not hold it. */
  refs: Type.Array(RefRow),
  sizeBytes: Count,
})
export type ProjectDetails = Static<typeof ProjectDetails>

/** The local API for projects, on `gitback.sock`. */
export const gitbackRoutes = {
  projects: route({
    method: 'GET',
    path: '/v1/gitback/projects',
    summary: 'Projects that this machine knows of',
    caller: 'anyone',
    body: Empty,
    reply: Type.Object({ projects: Type.Array(ProjectRow) }),
  }),
  project: route({
    method: 'GET',
    path: '/v1/gitback/project',
    summary: 'One project: members, machines, refs and their heads',
    caller: 'anyone',
    body: Type.Object({ reference: Reference, puddle: Type.Optional(Hex32) }),
    reply: ProjectDetails,
  }),
  statementBase: route({
    method: 'GET',
    path: '/v1/gitback/statement',
    summary: 'What a statement about a member or a machine of a project must say to count',
    caller: 'anyone',
    body: Type.Object({ project: Hex32, subject: Hex32, issuer: Hex32 }),
    reply: Type.Object({ fleet: Hex32, now: Count, peer: Hex32, membershipSerial: Count, seatSerial: Count }),
  }),
  state: route({
    method: 'POST',
    path: '/v1/gitback/statement',
    summary: 'A signed founding, membership or seat, to be verified, kept and gossiped',
    caller: 'gitback',
    body: Type.Object({
      kind: Type.Union([Type.Literal('project'), Type.Literal('membership'), Type.Literal('seat')]),
      body: Type.String({ maxLength: 4096 }),
      signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
    }),
    reply: Type.Object({ hash: Hex32 }),
  }),
  sendObjects: route({
    method: 'POST',
    path: '/v1/gitback/objects',
    summary: 'A pack with everything that a commit needs and the project does not have',
    caller: 'gitback',
    upload: true,
    body: Type.Object({
      project: Hex32,
      tips: Type.String({ maxLength: 4096, pattern: '^[0-9a-f]{40}(,[0-9a-f]{40})*$' }),
    }),
    reply: Empty,
  }),
  draftUpdate: route({
    method: 'POST',
    path: '/v1/gitback/updates/draft',
    summary: 'What the pusher signs to move a ref',
    caller: 'gitback',
    body: Type.Object({
      project: Hex32,
      ref: Ref,
      to: ObjectId,
      signer: Hex32,
      ends: Type.Optional(
        Type.Union([Type.Literal('seen'), Type.Literal('all')], {
          description: 'the heads that it follows: those that the commit builds on, or all, which ends a divergence',
        }),
      ),
    }),
    reply: Type.Object({ fleet: Hex32, body: Type.String() }),
  }),
  update: route({
    method: 'POST',
    path: '/v1/gitback/updates',
    summary: 'A signed update of a ref whose objects are here already',
    caller: 'gitback',
    body: Type.Object({
      body: Type.String({ maxLength: 8192 }),
      signature: Type.String({ pattern: '^[0-9a-f]{128}$' }),
    }),
    reply: Type.Object({ hash: Hex32 }),
  }),
  collect: route({
    method: 'POST',
    path: '/v1/gitback/collect',
    summary: 'Remove repositories of projects that this machine no longer holds',
    caller: 'admin',
    body: Type.Object({ dryRun: Type.Boolean() }),
    reply: Type.Object({ removed: Type.Array(Type.Object({ id: Hex32, handle: Type.String(), sizeBytes: Count })) }),
  }),
}
