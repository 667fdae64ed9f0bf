import type { Collector } from './collector.ts'
import { hardwareCollector } from './hardware.ts'
import { networkCollector } from './network.ts'
import { osCollector } from './os.ts'
import { packagesCollector, servicesCollector } from './software.ts'
import { puddleCollector } from './swarm.ts'
import { mountsCollector, usersCollector, virtualisationCollector } from './system.ts'

export { type Collected, TraitCollection, type TraitCollectionOptions, valueAt } from './collection.ts'
export { type Collector, type HostView, hostView, type Traits } from './collector.ts'
export { swarmCollectors } from './swarm.ts'

/** What can be found out without the swarm. */
export const machineCollectors: readonly Collector[] = [
  osCollector,
  hardwareCollector,
  networkCollector,
  packagesCollector,
  servicesCollector,
  mountsCollector,
  usersCollector,
  virtualisationCollector,
  puddleCollector,
]
