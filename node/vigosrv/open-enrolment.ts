import { stringify } from 'yaml'
import { type Logger, toHex } from '#node/kit'
import { type Member, peerIdOfMember, type ServerSettings, type SharedSettings } from '#node/member'
import type { Signer } from '#swarm/record'
import { EnrolmentDesk, JoinTokens, type JoinUrl } from '#swarm/roster'
import type { CurrentSettings } from './current-settings.ts'
import { joinAddresses, startEnrolmentHost } from './enrolment-host.ts'

const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/1530']

export interface OpenEnrolment {
  readonly joinTokens: JoinTokens
  /** What join URLs name. */
  readonly joinAddresses: () => JoinUrl['addresses']
  close(): Promise<void>
}

/** Lets machines with a join token become members. */
export async function openEnrolment(options: {
  member: Member
  signer: Signer
  seed: Uint8Array
  settings: CurrentSettings
  logger: Logger
}): Promise<OpenEnrolment> {
  const { member, signer, seed, settings, logger } = options
  const { roster, clock, db } = member
  const joinTokens = new JoinTokens({ db, clock, roster, self: toHex(signer.publicKey) })
  const desk = new EnrolmentDesk({
    roster,
    tokens: joinTokens,
    signer,
    clock,
    logger,
    announce: admission => member.replication.publish('roster', admission),
    addresses: () => boltAddresses(member),
    settings: role => stringify(role === 'bolt' ? serverSettings(settings.now) : sharedSwarm(settings.now)),
  })
  const listen = settings.now.enrolment?.listen ?? DEFAULT_LISTEN
  const enrolment = await startEnrolmentHost({ seed, listen, desk })
  logger.info('enrolment-open', { addresses: enrolment.addresses() })
  return {
    joinTokens,
    joinAddresses: () => joinAddresses(settings.now.enrolment?.addresses ?? [], enrolment.addresses()),
    close: () => enrolment.close(),
  }
}

/** Where the servers of the fleet are reached, this one first: a newcomer finds the fleet also when this one is gone by then. */
async function boltAddresses({ host, roster }: Member): Promise<string[]> {
  const others = roster
    .members()
    .filter(({ peer }) => roster.isBolt(peer))
    .map(({ peer }) => peerIdOfMember(peer))
    .filter(peer => peer !== host.peerId)
  const known = await Promise.all(others.map(peer => host.knownAddresses(peer)))
  return [...host.addresses(), ...known.flat()]
}

/** What holds in the whole fleet, not this server's own addresses and roles. */
function sharedSwarm(settings: ServerSettings): NonNullable<ServerSettings['swarm']> {
  const { listen: _listen, announce: _announce, relay: _relay, ...shared } = settings.swarm ?? {}
  return shared
}

/** What another server starts with: how often envoys check in, when a roll-out is taken back. Nothing of this machine, no key of others. */
function serverSettings(settings: ServerSettings): SharedSettings {
  const { checkin, publish, runs } = settings
  return {
    swarm: sharedSwarm(settings),
    ...(checkin === undefined ? {} : { checkin }),
    ...(publish === undefined ? {} : { publish }),
    ...(runs === undefined ? {} : { runs }),
  }
}
