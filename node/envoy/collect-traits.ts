import { hostname } from 'node:os'
import { type Layout, silentLogger, systemClock } from '#node/kit'
import { AgentSettings, readSettings } from '#node/member'
import { hostView, machineCollectors, TraitCollection, type Traits } from './traits/index.ts'

/** Traits of this machine without its agent: all but those of the swarm. */
export async function collectTraits({ layout, signal }: { layout: Layout; signal: AbortSignal }): Promise<Traits> {
  const settings = await readSettings<AgentSettings>(layout.agentYaml, AgentSettings)
  const collection = new TraitCollection({
    host: hostView(settings?.hostname ?? hostname()),
    collectors: machineCollectors,
    clock: systemClock,
    logger: silentLogger,
  })
  return (await collection.collect({ signal })).traits
}
