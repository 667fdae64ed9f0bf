import type { MemberRow, memberRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import { toHex } from '#node/kit'
import { type Member, peerIdOfMember } from '#node/member'
import type { Signer } from '#swarm/record'
import {
  formatJoinUrl,
  type JoinTokens,
  type JoinUrl,
  RosterError,
  type Member as RosterMember,
  readAdmission,
  signReadmission,
  signRevocation,
} from '#swarm/roster'
import type { Principal } from '../http/principal.ts'
import { recorded } from './recorded.ts'

export interface MemberParts {
  readonly member: Member
  readonly signer: Signer
  readonly joinTokens: JoinTokens
  /** What join URLs name. */
  readonly joinAddresses: () => JoinUrl['addresses']
  readonly audit: Audit
}

type Revoked = MemberRow & { takenAlong: string[] }

export function memberHandlers(parts: MemberParts): Handlers<typeof memberRoutes, Principal> {
  const { member, joinTokens, audit } = parts
  const { roster } = member
  return {
    members: async () => ({ members: roster.members().map(row => memberRow(row, member)) }),
    revokeMember: async ({ body, user }) => {
      const found = requireOne(roster.find(body.member), body.member)
      const reason = body.reason ?? ''
      const act = { action: 'envoy.revoke', target: found.hostname, details: { peer: found.peer, reason } }
      return await recorded(audit, user, act, () => revoke(parts, found, reason))
    },
    readmitMember: async ({ body, user }) => {
      const act = { action: 'envoy.readmit', target: body.member }
      return await recorded(audit, user, act, () => readmit(parts, body.member))
    },
    joinTokens: async () => ({ tokens: await joinTokens.list() }),
    createJoinToken: async ({ body, user }) => {
      const { pattern, role = 'envoy' } = body
      const { token, row } = await recorded(
        audit,
        user,
        { action: 'join-token.create', target: pattern, details: { role } },
        () => joinTokens.create({ ...body, role }),
        ({ row: { id, usesLeft, createdAt, expiresAt } }) => ({
          details: { id, uses: usesLeft, ttlMs: expiresAt - createdAt },
        }),
      )
      const { fleetId } = roster
      const url = { addresses: parts.joinAddresses(), fleetId, bolt: toHex(parts.signer.publicKey), token }
      return { url: formatJoinUrl(url), token: row }
    },
    revokeJoinToken: async ({ body, user }) => {
      const { id } = body
      await recorded(audit, user, { action: 'join-token.revoke', target: id }, async () => {
        if (await joinTokens.revoke(id)) return
        throw new RosterError('unknown-member', `there is no join token '${id}'; see vigosrv token list`)
      })
      return {}
    },
  }
}

async function revoke({ member, signer }: MemberParts, found: RosterMember, reason: string): Promise<Revoked> {
  const { roster, replication, clock } = member
  if (found.peer === roster.fleetId) {
    throw new RosterError('usage', 'the founding bolt cannot be revoked; it is the fleet')
  }
  if (found.role === 'bolt' && toHex(signer.publicKey) !== roster.fleetId) {
    const founder = roster.member(roster.fleetId)?.hostname ?? `the server with the key ${roster.fleetId}`
    throw new RosterError(
      'usage',
      `only the founding server revokes servers; on ${founder}: vigosrv members revoke ${found.hostname}`,
    )
  }
  const record = await signRevocation({ peer: found.peer, reason, issuedAt: clock.now() }, roster.fleetId, signer)
  const others = roster.members().filter(({ peer }) => peer !== found.peer && roster.isMember(peer))
  await roster.offer(record, { sync: true })
  await replication.publish('roster', record)
  const takenAlong = others.filter(({ peer }) => !roster.isMember(peer)).map(({ hostname }) => hostname)
  return { ...memberRow(roster.member(found.peer) ?? found, member), takenAlong }
}

async function readmit({ member, signer }: MemberParts, reference: string): Promise<MemberRow> {
  const { roster, replication, clock } = member
  const record = await signReadmission(reference, { roster, signer, clock })
  await roster.offer(record, { sync: true })
  await replication.publish('roster', record)
  return memberRow(requireOne(roster.find(readAdmission(record).peer), reference), member)
}

function requireOne(found: readonly RosterMember[], reference: string): RosterMember {
  const [only, ...others] = found
  if (only === undefined) {
    throw new RosterError('unknown-member', `no live member is called '${reference}'; see vigosrv members list`)
  }
  if (others.length > 0) {
    throw new RosterError(
      'ambiguous-member',
      `'${reference}' names several members; use the public key: ${found.map(m => m.peer).join(', ')}`,
    )
  }
  return only
}

function memberRow(row: RosterMember, member: Member): MemberRow {
  const peer = peerIdOfMember(row.peer)
  return {
    peer,
    publicKey: row.peer,
    hostname: row.hostname,
    role: row.role,
    isFounder: row.peer === member.fleetId,
    admittedBy: member.roster.member(row.issuer)?.hostname ?? row.issuer,
    platform: `${row.os}/${row.arch}`,
    isMember: member.roster.isMember(row.peer),
    connected: peer === member.host.peerId || member.host.peers().includes(peer),
    revoked: row.revoked === null ? null : { at: row.revoked.issuedAt, reason: row.revoked.reason },
  }
}
