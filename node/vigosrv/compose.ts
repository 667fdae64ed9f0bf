import { AuditLog, auditFolder } from '#node/audit'
import { type Clock, type Layout, type Logger, messageOf, toHex } from '#node/kit'
import {
  createLogger,
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
import { BoltWatch } from './bolt-watch.ts'
import { CurrentSettings } from './current-settings.ts'
import { dashboard } from './dashboard/index.ts'
import { openAuthentication } from './http/authenticator.ts'
import { openHttp } from './http/open.ts'
import { answerCounter, declareServerMetrics, metricsMount, policyObserver, watchServer } from './metrics/index.ts'
import { openEnrolment } from './open-enrolment.ts'
import { openFleet } from './open-fleet.ts'
import { addRest, networkFace, restHandlers } from './rest/index.ts'
import { recorded } from './rest/recorded.ts'
import { startServerSocket } from './server-socket.ts'
import { checkStacksCommit } from './spanner/stacks-repository.ts'

export interface Vigosrv {
  /** Reads settings, certificate and what is live again. What is wrong with them is logged, and leaves the old ones in force. */
  reload(): Promise<void>
  close(): Promise<void>
}

/**
 * The server daemon, from its files to its sockets.
 *
 * @throws MemberError 'not-enrolled', 'bad-settings', 'already-running'; PolicyError 'bad-policy'; HttpError 'bad-settings',
 * 'bad-certificate', 'cannot-listen'
 */
export async function startVigosrv(options: {
  layout: Layout
  version: string
  logger?: Logger
  clock?: Clock
}): Promise<Vigosrv> {
  const { layout, version } = options
  const read = await readSettings<ServerSettings>(layout.serverYaml, ServerSettings)
  const seed = await readIdentity(layout.identityKey)
  if (read === null || seed === null) {
    throw new MemberError(
      'not-enrolled',
      `this server belongs to no fleet (no ${layout.serverYaml}); run vigosrv init, or vigosrv join <join-url>, first`,
    )
  }
  const settings = new CurrentSettings(layout.serverYaml, read)
  const logger = options.logger ?? createLogger({ level: read.log_level ?? 'info' })
  const signer = signerFromSeed(seed)
  const { fleet: fleetId = toHex(signer.publicKey), bootstrap = [] } = read
  const swarm = swarmOf({ relay: 'server', ...read.swarm }, layout.serverYaml)
  const member = await startMember({
    layout,
    fleetId,
    seed,
    hostname: read.hostname,
    swarm,
    bootstrap,
    logger,
    checkStacks: (_project, commit, where) => checkStacksCommit(commit, where),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  })
  const opened: { close(): Promise<unknown> }[] = [member]
  const close = async (): Promise<void> => {
    for (const part of opened.toReversed()) await part.close()
  }
  try {
    const { roster, clock, host, db } = member
    const audit = new AuditLog({ folder: auditFolder(layout.state), clock, logger })
    opened.push(audit)
    const metrics = declareServerMetrics()
    const observer = policyObserver(metrics)
    const { secrets, ...envoys } = await openFleet({
      member,
      settings,
      audit,
      observer,
      signer,
      version,
      handlers: () => handlers,
      logger,
      opened,
    })
    const bolts = BoltWatch.start({ spanner: envoys.spanner, clock, logger })
    opened.push(bolts, watchServer(metrics, { ...envoys, bolts, member, version }))

    const reload = async (): Promise<readonly string[]> => {
      const restartNeeded = await settings.reload()
      await http.reload()
      await secrets.look()
      const { release } = await envoys.policy.reload()
      logger.info('reloaded', { release, restartNeeded })
      return restartNeeded
    }
    const { authentication, apiTokens } = await openAuthentication(db, clock)
    const enrolment = await openEnrolment({ member, signer, seed, settings, logger })
    opened.push(enrolment)
    const { joinTokens, joinAddresses } = enrolment
    const joining = { signer, joinTokens, joinAddresses }
    const parts = { ...envoys, ...joining, bolts, member, settings: read, version, audit, logger, apiTokens, reload }
    const handlers = restHandlers({ ...parts, http: () => http })
    const http = await openHttp({
      layout,
      settings: () => settings.now,
      mounts: [
        app => addRest(app, handlers, networkFace(authentication, { audit, logger })),
        dashboard(parts, authentication),
        metricsMount(metrics.instruments, authentication),
      ],
      onAnswer: answerCounter(metrics),
      clock,
      logger,
    })
    opened.push(http)

    opened.push(await startServerSocket({ layout, handlers, audit, logger }))
    await envoys.fleet.serve(host)
    const pairing = await Pairing.start({ host, roster, clock, logger })
    // The last one: who finds `agent.sock` finds the rest.
    opened.push(await LocalApi.start({ member, swarm, pairing, role: 'bolt', version, logger }))
    return {
      reload: async () => {
        const system = { name: 'signal', via: 'system' } as const
        const act = { action: 'server.reload', target: '' }
        await recorded(audit, system, act, reload).catch((error: unknown) =>
          logger.error('reload-failed', { reason: messageOf(error) }),
        )
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
