import { declareAgentMetrics } from '#node/envoy/metrics'
import type { Member } from '#node/member'
import { type Declaration, Instruments, processMetrics, swarmMetrics } from '#node/metrics'
import { declareServerMetrics } from './instruments.ts'

/** Nothing of it is read: metrics are declared, and never collected. */
const NOBODY = {} as Member

function sharedOf(instruments: Instruments): void {
  processMetrics(instruments, '0.0.0')()
  swarmMetrics(instruments, NOBODY)
}

function difference(all: readonly Declaration[], without: readonly Declaration[]): Declaration[] {
  const names = new Set(without.map(({ name }) => name))
  return all.filter(({ name }) => !names.has(name))
}

const shared = new Instruments()
sharedOf(shared)
const server = declareServerMetrics().instruments
sharedOf(server)
const agent = new Instruments()
declareAgentMetrics(agent, () => {
  throw new Error('metrics are declared here, and never collected')
})
sharedOf(agent)

/** Everything that the programs declare. */
export const declared = {
  server: server.declarations,
  agent: agent.declarations,
  shared: shared.declarations,
  serverOnly: difference(server.declarations, shared.declarations),
  agentOnly: difference(agent.declarations, shared.declarations),
}
