import { stringify } from 'yaml'
import { AuditLog, auditFolder } from '#node/audit'
import { createLogger, type Layout, type Logger, toHex } from '#node/kit'
import {
  LocalApi,
  MemberError,
  Pairing,
  readIdentity,
  readSettings,
  ServerSettings,
  startMember,
  swarmOf,
} from '#node/member'
import { signerFromSeed } from '#swarm/record'
import { EnrolmentDesk, JoinTokens } from '#swarm/roster'
import { joinAddresses, startEnrolmentHost } from './enrolment-host.ts'
import type { Mount } from './http/authentication.ts'
import { Authenticator } from './http/authenticator.ts'
import { FailedLogins } from './http/failed-logins.ts'
import { openHttp } from './http/open.ts'
import { Sessions } from './http/sessions.ts'
import { ApiTokens } from './http/tokens.ts'
import { accessHandlers } from './rest/access.ts'
import { addRest, networkFace } from './rest/index.ts'
import { memberHandlers } from './rest/members.ts'
import { startServerSocket } from './server-socket.ts'

export interface Vigosrv {
  close(): Promise<void>
}

const DEFAULT_ENROLMENT_LISTEN = ['/ip4/0.0.0.0/tcp/1530']

/** The server daemon, from its files to its sockets. @throws MemberError 'not-enrolled', 'bad-settings', 'already-running' */
export async function startVigosrv(options: { layout: Layout; version: string; logger?: Logger }): Promise<Vigosrv> {
  const { layout, version } = options
  const settings = await readSettings<ServerSettings>(layout.serverYaml, ServerSettings)
  const seed = await readIdentity(layout.identityKey)
  if (settings === null || seed === null) {
    throw new MemberError('not-enrolled', `no fleet was founded here (no ${layout.serverYaml}); run vigosrv init first`)
  }
  const logger = options.logger ?? createLogger({ level: settings.log_level ?? 'info' })
  const signer = signerFromSeed(seed)
  const fleetId = toHex(signer.publicKey)
  const swarm = swarmOf({ relay: 'server', ...settings.swarm }, layout.serverYaml)
  const member = await startMember({ layout, fleetId, seed, hostname: settings.hostname, swarm, bootstrap: [], logger })
  const opened: { close(): Promise<void> }[] = [member]
  const close = async (): Promise<void> => {
    for (const part of opened.reverse()) await part.close()
  }
  try {
    const { roster, clock, host, db } = member
    const tokens = new JoinTokens(db, clock)
    const desk = new EnrolmentDesk({
      roster,
      tokens,
      signer,
      clock,
      logger,
      announce: admission => member.replication.publish('roster', admission),
      addresses: () => host.addresses(),
      settings: () => stringify(envoySettings(settings)),
    })
    const enrolment = await startEnrolmentHost({
      seed,
      listen: settings.enrolment?.listen ?? DEFAULT_ENROLMENT_LISTEN,
      desk,
    })
    opened.push(enrolment)
    const pairing = await Pairing.start({ host, roster, clock, logger })
    opened.push(await LocalApi.start({ member, swarm, pairing, role: 'bolt', version, logger }))
    const audit = new AuditLog({ folder: auditFolder(layout.state), clock, logger })
    opened.push(audit)
    const apiTokens = await ApiTokens.open(db, clock)
    const sessions = new Sessions(clock, id => apiTokens.isGood(id))
    const authentication = new Authenticator({ tokens: apiTokens, sessions, failures: new FailedLogins(clock) })
    const joinUrlAddresses = () => joinAddresses(settings.enrolment?.addresses ?? [], enrolment.addresses())
    const handlers = {
      ...memberHandlers({ member, signer, joinTokens: tokens, joinAddresses: joinUrlAddresses, audit }),
      ...accessHandlers({ apiTokens, audit, version }),
    }
    const rest: Mount = app => addRest(app, handlers, networkFace(authentication, { audit, logger }))
    opened.push(await startServerSocket({ layout, handlers, audit, logger }))
    opened.push(await openHttp({ layout, settings: () => settings, mounts: [rest], clock, logger }))
    logger.info('enrolment-open', { addresses: enrolment.addresses() })
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What a new envoy starts with: the fleet's rules, not this server's own addresses and roles. */
function envoySettings(settings: ServerSettings): NonNullable<ServerSettings['swarm']> {
  const { listen: _listen, announce: _announce, relay: _relay, ...shared } = settings.swarm ?? {}
  return shared
}
