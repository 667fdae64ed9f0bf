import { stringify } from 'yaml'
import type { Logger } from '#node/kit'
import type { Member, ServerSettings } from '#node/member'
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
  const { roster, clock, host, db } = member
  const joinTokens = new JoinTokens(db, clock)
  const desk = new EnrolmentDesk({
    roster,
    tokens: joinTokens,
    signer,
    clock,
    logger,
    announce: admission => member.replication.publish('roster', admission),
    addresses: () => host.addresses(),
    settings: () => stringify(envoySettings(settings.now)),
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

/** What a new envoy starts with: the fleet's rules, not this server's own addresses and roles. */
function envoySettings(settings: ServerSettings): NonNullable<ServerSettings['swarm']> {
  const { listen: _listen, announce: _announce, relay: _relay, ...shared } = settings.swarm ?? {}
  return shared
}
