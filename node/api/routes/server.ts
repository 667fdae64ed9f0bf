import { type Static, Type } from '@sinclair/typebox'
import { route } from '../contract.ts'
import { Count, Empty, Hex32 } from './forms.ts'

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
