import { createLogger, type Layout, type Logger } from '#node/kit'
import {
  AgentSettings,
  LocalApi,
  MemberError,
  Pairing,
  readIdentity,
  readSettings,
  startMember,
  swarmOf,
} from '#node/member'

export interface Envoy {
  close(): Promise<void>
}

/** The agent of one machine, from its files to its sockets. @throws MemberError 'not-enrolled', 'bad-settings', 'already-running' */
export async function startEnvoy(options: { layout: Layout; version: string; logger?: Logger }): Promise<Envoy> {
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
  const member = await startMember({
    layout,
    fleetId: settings.fleet,
    seed,
    hostname: settings.hostname,
    swarm,
    bootstrap: settings.bootstrap,
    logger,
  })
  try {
    const pairing = await Pairing.start({ host: member.host, roster: member.roster, clock: member.clock, logger })
    const api = await LocalApi.start({ member, swarm, pairing, role: 'envoy', version, logger })
    return {
      close: async () => {
        await api.close()
        await member.close()
      },
    }
  } catch (error) {
    await member.close()
    throw error
  }
}
