import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Empty, Fields, Hex32, Line, NoFields, OrNull, Reference } from '../forms.ts'

const MemberRole = Type.Union([Type.Literal('envoy'), Type.Literal('bolt')])

export const JoinTokenRow = Type.Object({
  id: Type.String(),
  /** What its bearer becomes. */
  role: MemberRole,
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
  /** The server that founded the fleet: only it admits and revokes servers. */
  isFounder: Type.Boolean(),
  platform: Type.String(),
  /** Host name of the server that admitted it, or its key where it has none. */
  admittedBy: Type.String(),
  /** Is let in: not so for the revoked, nor for envoys whom only a server admitted that was revoked since. */
  isMember: Type.Boolean(),
  connected: Type.Boolean(),
  revoked: OrNull(Type.Object({ at: Count, reason: Type.String() })),
})
export type MemberRow = Static<typeof MemberRow>

/** Who is in the fleet, and who may join it. */
export const memberRoutes = {
  members: route({
    method: 'GET',
    path: '/api/v1/members',
    summary: 'Everybody who was ever admitted',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({ members: Type.Array(MemberRow) }),
  }),
  revokeMember: route({
    method: 'POST',
    path: '/api/v1/members/:member/revoke',
    summary: 'Put a member, envoy or server, out of the fleet for good',
    caller: 'admin',
    body: Fields({ member: Reference, reason: Type.Optional(Line) }),
    reply: Type.Composite([
      MemberRow,
      /** Host names of those who are out with it: nobody else had admitted them. They need new admissions. */
      Type.Object({ takenAlong: Type.Array(Type.String()) }),
    ]),
  }),
  readmitMember: route({
    method: 'POST',
    path: '/api/v1/members/:member/readmit',
    summary: 'Let an envoy in again that is out because the server that admitted it was revoked',
    caller: 'admin',
    body: Fields({ member: Reference }),
    reply: MemberRow,
  }),
  joinTokens: route({
    method: 'GET',
    path: '/api/v1/join-tokens',
    summary: 'Join tokens that were minted here',
    caller: 'admin',
    body: NoFields,
    reply: Type.Object({ tokens: Type.Array(JoinTokenRow) }),
  }),
  createJoinToken: route({
    method: 'POST',
    path: '/api/v1/join-tokens',
    summary: 'Mint a join token; the URL that has it is shown this once',
    caller: 'admin',
    body: Fields({
      pattern: Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }),
      /** `envoy` when not given; only the founding server makes tokens for a `bolt`. */
      role: Type.Optional(MemberRole),
      /** One day when not given, one hour for a bolt. */
      ttlMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 31_536_000_000 })),
      /** Once when not given; a token for a bolt is never good for more. */
      uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    }),
    reply: Type.Object({ url: Type.String(), token: JoinTokenRow }),
  }),
  revokeJoinToken: route({
    method: 'DELETE',
    path: '/api/v1/join-tokens/:id',
    summary: 'Withdraw a join token',
    caller: 'admin',
    body: Fields({ id: Type.String({ pattern: '^[0-9a-f]{1,64}$' }) }),
    reply: Empty,
  }),
}
