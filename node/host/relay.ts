import type { CircuitRelayTransportComponents } from '@libp2p/circuit-relay-v2'
import type { Transport } from '@libp2p/interface'
import type { Services } from './node.ts'

export interface RelayParts {
  services: Services
  transports: ((components: never) => Transport)[]
  listen: string[]
}

/**
 * Circuit relay v2 for control traffic: a relayed connection carries 128 KiB and two minutes at most, and only
 * protocols served with `overRelay`. Both roles can dial through a relay; only the client asks to be reached through one.
 */
export async function relayParts(role: 'server' | 'client'): Promise<RelayParts> {
  const { circuitRelayServer, circuitRelayTransport } = await import('@libp2p/circuit-relay-v2')
  const transport = circuitRelayTransport()
  const transports = [(components: CircuitRelayTransportComponents) => transport(withoutRandomWalk(components))]
  if (role === 'server') return { services: { relay: circuitRelayServer() }, transports, listen: [] }
  const { dcutr } = await import('@libp2p/dcutr')
  return { services: { dcutr: dcutr() }, transports, listen: ['/p2p-circuit'] }
}

/**
 * Relays are looked for among connected members only. libp2p would walk the DHT at random until it has found one, which
 * in a fleet without relays never ends, and with an empty table never even yields to the event loop.
 */
function withoutRandomWalk(components: CircuitRelayTransportComponents): CircuitRelayTransportComponents {
  const randomWalk = { walk: async function* () {} }
  return new Proxy(components, {
    get: (target, key) => (key === 'randomWalk' ? randomWalk : Reflect.get(target, key)),
  })
}
