import { allowedByPatterns, isHex } from '#node/kit'
import type { Member, Swarm } from '#node/member'
import type { Collector } from './collector.ts'
import { accounts } from './system.ts'

const MAX_PUDDLES = 200

/** What this machine is and holds in the swarm. */
export function swarmCollectors(member: Pick<Member, 'host' | 'self' | 'store' | 'shelf'>, swarm: Swarm): Collector[] {
  return [
    {
      name: 'swarm',
      freshness: 'volatile',
      collect: async () => {
        const { blobs, bytes } = await member.store.usage()
        return { swarm: { peer: member.host.peerId, blob_count: blobs, bytes } }
      },
    },
    {
      name: 'curator',
      freshness: 'volatile',
      collect: async () => ({
        curator: {
          enabled: allowedByPatterns(swarm.curatorEnabled, member.self.hostname),
          max_bytes: swarm.curatorMaxBytes,
          shelf_count: (await member.shelf.items()).length,
        },
      }),
    },
  ]
}

/** Whose puddles are on this machine; public keys only. */
export const puddleCollector: Collector = {
  name: 'puddle',
  freshness: 'volatile',
  collect: async host => {
    const puddles = []
    for (const { name, home } of await accounts(host)) {
      if (home === '' || home === '/') continue
      const key = (await host.text(`${home}/.vigo-puddle/identity.pub`))?.trim()
      if (isHex(key, 32)) puddles.push({ user: name, puddle_pubkey: key })
      if (puddles.length >= MAX_PUDDLES) break
    }
    return { puddle: { initialized: puddles.length > 0, puddles } }
  },
}
