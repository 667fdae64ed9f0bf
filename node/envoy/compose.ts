import type { PassReply } from '#node/api'
import type { Layout, Logger } from '#node/kit'
import {
  AgentSettings,
  createLogger,
  LocalApi,
  type Member,
  MemberError,
  Pairing,
  readIdentity,
  readSettings,
  type Swarm,
  startMember,
  swarmOf,
} from '#node/member'
import { type Agent, createAgent } from './agent.ts'
import { addEnvoyRoutes, replyOf } from './local-routes.ts'
import type { PassResult } from './loop/index.ts'
import { startAgentMetrics } from './metrics/index.ts'

export interface Envoy {
  close(): Promise<void>
}

export interface EnvoyOptions {
  readonly layout: Layout
  readonly version: string
  /** Says what would change, and changes nothing; `dry_run` of the settings does the same. */
  readonly dryRun?: boolean
  readonly logger?: Logger
}

/** For a server to be reached, its first answer and its first bundle. */
const CONNECT_MS = 45_000
/** For a single pass to tell its report. */
const FLUSH_MS = 15_000

/** The agent of one machine, from its files to its sockets. @throws MemberError 'not-enrolled', 'bad-settings', 'already-running' */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const { member, agent, swarm, metricsListen, logger, close: closeAgent } = await open(options, { isReporting: true })
  const faces: { close(): Promise<void> }[] = []
  const close = async (): Promise<void> => {
    // Callers may wait for a run, which ends with the loop.
    await agent.loop.close()
    for (const face of faces.reverse()) await face.close()
    await closeAgent()
  }
  try {
    const pairing = await Pairing.start({ host: member.host, roster: member.roster, clock: member.clock, logger })
    const addRoutes = (api: Parameters<typeof addEnvoyRoutes>[0]): void => addEnvoyRoutes(api, agent)
    const { version } = options
    faces.push(await LocalApi.start({ member, swarm, pairing, role: 'envoy', version, logger, addRoutes }))
    if (metricsListen !== undefined) {
      const status = () => agent.loop.status()
      const metrics = await startAgentMetrics({ member, version, status, listen: metricsListen })
      faces.push(metrics)
      logger.info('metrics-open', { address: metrics.address })
    }
    await agent.loop.start()
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * One pass without a daemon: connects, checks in, applies and reports. Without a server it applies the bundle that is kept.
 * A dry one tells nobody. @throws MemberError 'not-enrolled', 'bad-settings', 'already-running'
 */
export async function runOnce(options: EnvoyOptions & { signal: AbortSignal }): Promise<PassReply> {
  const { agent, close } = await open(options, { isReporting: options.dryRun !== true })
  const { signal } = options
  const onAbort = (): void => void agent.loop.close()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const result = await firstPass(agent, signal)
    if (result.kind === 'ran' && options.dryRun !== true && !signal.aborted) {
      await agent.loop
        .flushed({ signal: AbortSignal.any([signal, AbortSignal.timeout(FLUSH_MS)]) })
        .catch(() => undefined)
    }
    return replyOf(result)
  } finally {
    signal.removeEventListener('abort', onAbort)
    await close()
  }
}

async function firstPass({ loop }: Agent, signal: AbortSignal): Promise<PassResult> {
  const pass = loop.nextPass()
  await loop.start()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)])
  const unreachable = new Promise<PassResult>(resolve => {
    deadline.addEventListener('abort', () => {
      const { isRunning, waiting } = loop.status()
      if (!isRunning) resolve({ kind: 'nothing', reason: waiting.join('; ') })
    })
  })
  return Promise.race([pass, unreachable])
}

interface Opened {
  readonly member: Member
  readonly agent: Agent
  readonly swarm: Swarm
  readonly metricsListen: string | undefined
  readonly logger: Logger
  readonly close: () => Promise<void>
}

async function open(options: EnvoyOptions, { isReporting }: { isReporting: boolean }): Promise<Opened> {
  const { layout, version } = options
  const settings = await readSettings<AgentSettings>(layout.agentYaml, AgentSettings)
  const seed = await readIdentity(layout.identityKey)
  if (settings === null || seed === null) {
    throw new MemberError(
      'not-enrolled',
      `this machine belongs to no fleet (no ${layout.agentYaml}); run vigo enroll <join-url> first`,
    )
  }
  const logger = options.logger ?? createLogger({ level: settings.log_level ?? 'info' })
  const swarm = swarmOf(settings.swarm, layout.agentYaml)
  const { hostname, bootstrap } = settings
  const member = await startMember({ layout, fleetId: settings.fleet, seed, hostname, swarm, bootstrap, logger })
  try {
    const mode = options.dryRun === true || settings.dry_run === true ? 'dry-run' : 'enforce'
    const agent = await createAgent({ layout, settings, seed, swarm, member, version, mode, isReporting, logger })
    const close = async (): Promise<void> => {
      await agent.loop.close()
      await member.close()
    }
    return { member, agent, swarm, metricsListen: settings.metrics_listen, logger, close }
  } catch (error) {
    await member.close()
    throw error
  }
}
