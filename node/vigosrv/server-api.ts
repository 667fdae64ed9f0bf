import { join } from 'node:path'
import { CuratorError } from '#curator/transfer'
import { type MemberRow, serverRoutes } from '#node/api'
import { Api, type Handlers, UnixLogins } from '#node/api/server'
import type { Logger } from '#node/kit'
import { type Member, peerIdOfMember } from '#node/member'
import type { Signer } from '#swarm/record'
import {
  formatJoinUrl,
  type JoinTokens,
  type JoinUrl,
  RosterError,
  type Member as RosterMember,
  signRevocation,
} from '#swarm/roster'

export interface ServerApiOptions {
  member: Member
  signer: Signer
  tokens: JoinTokens
  addresses: () => JoinUrl['addresses']
  boltKey: string
  logger: Logger
}

/** `vigosrv.sock`: tokens and members, for the administrator of this server (mode 0600 and the owner's proof). */
export async function startServerApi(options: ServerApiOptions): Promise<Api> {
  const { layout } = options.member
  const logins = new UnixLogins(join(layout.run, 'vigosrv-logins'))
  await logins.prepare()
  const api = new Api({
    logins,
    logger: options.logger,
    authorise: async (_caller, user) => {
      if (user === null || (user.uid !== 0 && user.uid !== process.getuid?.())) {
        throw new CuratorError('forbidden', 'only the administrator of this server may do this; use sudo')
      }
    },
  })
  api.add(serverRoutes, handlers(options))
  await api.listenOnSocket(layout.socket('vigosrv'), 0o600)
  return api
}

function handlers(options: ServerApiOptions): Handlers<typeof serverRoutes> {
  const { member, tokens, signer } = options
  const { roster, replication } = member
  return {
    createToken: async ({ body }) => {
      const { token, row } = await tokens.create(body)
      const url = { addresses: options.addresses(), fleetId: roster.fleetId, bolt: options.boltKey, token }
      return { url: formatJoinUrl(url), token: row }
    },
    tokens: async () => ({ tokens: await tokens.list() }),
    revokeToken: async ({ body }) => {
      if (!(await tokens.revoke(body.id))) {
        throw new RosterError('unknown-member', `there is no join token '${body.id}'; see vigosrv token list`)
      }
      return {}
    },
    members: async () => ({ members: roster.members().map(row => memberRow(row, member)) }),
    revokeMember: async ({ body }) => {
      const found = requireOne(roster.find(body.member), body.member)
      if (found.peer === roster.fleetId) {
        throw new RosterError('usage', 'the founding bolt cannot be revoked; it is the fleet')
      }
      const revocation = { peer: found.peer, reason: body.reason, issuedAt: member.clock.now() }
      const record = await signRevocation(revocation, roster.fleetId, signer)
      await roster.offer(record, { sync: true })
      await replication.publish('roster', record)
      options.logger.info('revoked', { member: found.hostname, peer: found.peer, reason: body.reason })
      return memberRow(requireOne([roster.member(found.peer) ?? found], body.member), member)
    },
  }
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
    platform: `${row.os}/${row.arch}`,
    connected: peer === member.host.peerId || member.host.peers().includes(peer),
    revoked: row.revoked === null ? null : { at: row.revoked.issuedAt, reason: row.revoked.reason },
  }
}
