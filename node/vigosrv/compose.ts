import { stringify } from 'yaml'
import { SecretStore, secretsFolder } from '#config/secrets'
import { configHome, Releases, releasePlaces } from '#config/store'
import { AuditLog, auditFolder } from '#node/audit'
import { createLogger, type Layout, type Logger, messageOf, toHex } from '#node/kit'
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
import { CurrentSettings } from './current-settings.ts'
import { joinAddresses, startEnrolmentHost } from './enrolment-host.ts'
import { Fleet, fleetSettings, WatchedSecrets } from './fleet/index.ts'
import { openAuthentication } from './http/authenticator.ts'
import { openHttp } from './http/open.ts'
import { createPolicy } from './policy/index.ts'
import { accessHandlers } from './rest/access.ts'
import { configHandlers } from './rest/config.ts'
import { envoyHandlers } from './rest/envoys.ts'
import { addRest, networkFace } from './rest/index.ts'
import { memberHandlers } from './rest/members.ts'
import { startServerSocket } from './server-socket.ts'

export interface Vigosrv {
  /** Reads settings, certificate and what is live again. What is wrong with them is logged, and leaves the old ones in force. */
  reload(): Promise<void>
  close(): Promise<void>
}

const DEFAULT_ENROLMENT_LISTEN = ['/ip4/0.0.0.0/tcp/1530']

/**
 * The server daemon, from its files to its sockets.
 *
 * @throws MemberError 'not-enrolled', 'bad-settings', 'already-running'; PolicyError 'bad-policy'; HttpError 'bad-settings',
 * 'bad-certificate', 'cannot-listen'
 */
export async function startVigosrv(options: { layout: Layout; version: string; logger?: Logger }): Promise<Vigosrv> {
  const { layout, version } = options
  const read = await readSettings<ServerSettings>(layout.serverYaml, ServerSettings)
  const seed = await readIdentity(layout.identityKey)
  if (read === null || seed === null) {
    throw new MemberError('not-enrolled', `no fleet was founded here (no ${layout.serverYaml}); run vigosrv init first`)
  }
  const settings = new CurrentSettings(layout.serverYaml, read)
  const fleetSettingsNow = () => fleetSettings(settings.now, layout.serverYaml)
  fleetSettingsNow()
  const logger = options.logger ?? createLogger({ level: read.log_level ?? 'info' })
  const signer = signerFromSeed(seed)
  const fleetId = toHex(signer.publicKey)
  const swarm = swarmOf({ relay: 'server', ...read.swarm }, layout.serverYaml)
  const member = await startMember({ layout, fleetId, seed, hostname: read.hostname, swarm, bootstrap: [], logger })
  const opened: { close(): Promise<unknown> }[] = [member]
  const close = async (): Promise<void> => {
    for (const part of opened.toReversed()) await part.close()
  }
  try {
    const { roster, clock, host, db } = member
    const home = configHome(layout.root)
    const audit = new AuditLog({ folder: auditFolder(layout.state), clock, logger })
    opened.push(audit)
    const releases = new Releases({ places: releasePlaces(home), clock })
    const policy = await createPolicy({ releases, clock, logger })
    const secrets = await WatchedSecrets.open(new SecretStore({ folder: secretsFolder(home) }), logger)
    opened.push(secrets)
    const fleet = await Fleet.open({
      db,
      roster,
      policy,
      secrets,
      audit,
      clock,
      random: Math.random,
      logger,
      settings: fleetSettingsNow,
    })
    opened.push(fleet)

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
    const enrolment = await startEnrolmentHost({
      seed,
      listen: read.enrolment?.listen ?? DEFAULT_ENROLMENT_LISTEN,
      desk,
    })
    opened.push(enrolment)
    const pairing = await Pairing.start({ host, roster, clock, logger })
    opened.push(await LocalApi.start({ member, swarm, pairing, role: 'bolt', version, logger }))

    const { authentication, apiTokens } = await openAuthentication(db, clock)
    const handlers = {
      ...memberHandlers({
        member,
        signer,
        joinTokens,
        joinAddresses: () => joinAddresses(settings.now.enrolment?.addresses ?? [], enrolment.addresses()),
        audit,
      }),
      ...accessHandlers({ apiTokens, audit, version }),
      ...configHandlers({ releases, policy, fleet, member, audit }),
      ...envoyHandlers({ fleet, audit }),
    }
    const http = await openHttp({
      layout,
      settings: () => settings.now,
      mounts: [app => addRest(app, handlers, networkFace(authentication, { audit, logger }))],
      clock,
      logger,
    })
    opened.push(http)
    opened.push(await startServerSocket({ layout, handlers, audit, logger }))
    await fleet.serve(host)
    logger.info('enrolment-open', { addresses: enrolment.addresses() })

    const reload = async (): Promise<readonly string[]> => {
      const restartNeeded = await settings.reload()
      await http.reload()
      await secrets.look()
      const { release } = await policy.reload()
      logger.info('reloaded', { release, restartNeeded })
      return restartNeeded
    }
    return {
      reload: async () => {
        await reload().catch((error: unknown) => logger.error('reload-failed', { reason: messageOf(error) }))
      },
      close,
    }
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
