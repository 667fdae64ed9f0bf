import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '#node/checkin'
import { hostPlatform, type Layout, type Logger, messageOf, privateFolder, sha256 } from '#node/kit'
import type { AgentSettings, Member, Swarm } from '#node/member'
import { BoltOrder } from './bolt-order.ts'
import { converge, type Equipment, Journal, Memory, masked, RUN_LIMITS, Secrets } from './converge/index.ts'
import { createMachine, customExecutor, ExecutorError, executorOf, type Machine } from './executors/index.ts'
import { mayEndAgent, refusalOf, refusalOfCommand } from './guardrails/index.ts'
import { BundleFile, EnvoyLoop, ReportQueue } from './loop/index.ts'
import { Tasks } from './tasks/index.ts'
import { hostView, machineCollectors, swarmCollectors, TraitCollection } from './traits/index.ts'

const NEIGHBOURS_MS = 3_000

export interface AgentOptions {
  readonly layout: Layout
  readonly settings: AgentSettings
  readonly seed: Uint8Array
  readonly swarm: Swarm
  readonly member: Member
  readonly version: string
  readonly mode: Run['mode']
  /** Whether runs are told to the server. */
  readonly isReporting: boolean
  readonly logger: Logger
}

export interface Agent {
  readonly loop: EnvoyLoop
  readonly traits: TraitCollection
}

/** What makes a member a managed machine; its loop is not started yet. */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { layout, settings, member, swarm, version, mode, isReporting } = options
  const { clock } = member
  const secrets = new Secrets(sha256('vigo/secret-digest/1', options.seed))
  const logger = masked(options.logger, () => secrets.masker)
  const folder = await privateFolder(layout.envoy)
  const reportsFolder = join(folder, 'reports')
  await mkdir(reportsFolder, { recursive: true, mode: 0o700 })

  const traits = new TraitCollection({
    host: hostView(settings.hostname),
    collectors: [...machineCollectors, ...swarmCollectors(member, swarm)],
    clock,
    logger,
  })
  const machine = createMachine({
    layout,
    trait: path => traits.valueOf(path),
    artifact: artifactsOf(member),
    logger,
  })
  const guarded = { root: layout.root }
  const equipment: Equipment = {
    machine,
    executorOf: (type, { isCustom }) => (isCustom ? customExecutor(type, settings.executors_dir) : executorOf(type)),
    refusalOf: resource => refusalOf(resource, guarded),
    mayEndAgent,
    allowHost: settings.allow_host === true,
    secrets,
    memory: await Memory.open({ folder, logger }),
    journal: new Journal({ folder, logger }),
    limits: RUN_LIMITS,
    clock,
    logger,
  }
  const boltOrder = new BoltOrder(member)
  const loop = new EnvoyLoop({
    host: member.host,
    bolts: () => boltOrder.bolts(),
    onBolts: listener => boltOrder.onChange(listener),
    reach: (peer, call) => member.neighbours.reach(peer, call),
    version,
    bundles: await BundleFile.open({ folder, hostname: settings.hostname, logger }),
    reports: await ReportQueue.open({ folder: reportsFolder, logger }),
    traits,
    secrets,
    memory: equipment.memory,
    journal: equipment.journal,
    converge: (order, call) => converge(order, equipment, call),
    tasks: send =>
      new Tasks({
        send,
        refusalOf: command => refusalOfCommand(command, { ...guarded, cwd: layout.root }),
        mask: text => secrets.masker.mask(text),
        cwd: layout.root,
        clock,
        logger,
      }),
    mode,
    isReporting,
    clock,
    random: Math.random,
    neighboursMs: NEIGHBOURS_MS,
    logger,
  })
  return { loop, traits }
}

/** Artifacts come from the swarm; one that cannot be had is the machine's trouble, not the resource's. */
function artifactsOf({ curator }: Pick<Member, 'curator'>): Machine['artifact'] {
  return async (reference, { signal }) => {
    try {
      return (await curator.pull(reference, hostPlatform(), { ownPuddle: null, signal })).path
    } catch (error) {
      signal.throwIfAborted()
      throw new ExecutorError('blocked', `the artifact ${reference} cannot be had: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
}
