import { silentLogger } from '#node/kit'
import { hostCompliance } from './compliance/host.compliance.ts'
import { createHost } from './create-host.ts'
import { memoryNetwork } from './memory/network.ts'
import type { Host } from './types.ts'

hostCompliance('libp2p', async () => {
  const hosts: Host[] = []
  return {
    gossipDelayMs: 1_300,
    host: async gate => {
      const host = await createHost({
        privateKeySeed: crypto.getRandomValues(new Uint8Array(32)),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        fleetId: 'ab'.repeat(32),
        gate: gate ?? (() => true),
        logger: silentLogger,
      })
      hosts.push(host)
      return host
    },
    close: async () => {
      await Promise.all(hosts.map(host => host.close()))
    },
  }
})

hostCompliance('memory', async () => {
  const network = memoryNetwork()
  const hosts: Host[] = []
  return {
    gossipDelayMs: 0,
    host: async gate => {
      const host = network.createHost({ peerId: `peer-${hosts.length}`, ...(gate === undefined ? {} : { gate }) })
      hosts.push(host)
      return host
    },
    close: async () => {
      await Promise.all(hosts.map(host => host.close()))
    },
  }
})
