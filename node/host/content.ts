import type { Libp2p } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { Deadline, isAbort } from '#node/kit'
import type { Gate } from './gate.ts'
import type { Services } from './node.ts'
import type { CallOptions, ContentRouting, PeerId } from './types.ts'

const RAW_CODEC = 0x55
const SHA2_256 = 0x12
/** A lookup that takes longer is not worth waiting for: these are hints. */
const LOOKUP_TIMEOUT_MS = 15_000
const PROVIDE_TIMEOUT_MS = 60_000

/**
 * A Kademlia table of the fleet alone. It finds anything on private addresses only with all three of: server mode, an
 * own protocol id, and a mapper that keeps private addresses.
 */
export async function dhtService(fleetId: string): Promise<Services[string]> {
  const { kadDHT, passthroughMapper } = await import('@libp2p/kad-dht')
  return kadDHT({
    protocol: `/vigo/${fleetId.slice(0, 16)}/kad/1`,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true,
  })
}

export class DhtContent implements ContentRouting {
  readonly #node: Libp2p
  readonly #gate: Gate

  constructor(node: Libp2p, gate: Gate) {
    this.#node = node
    this.#gate = gate
  }

  async provide(blob: Uint8Array, options: CallOptions = {}): Promise<void> {
    using deadline = new Deadline(PROVIDE_TIMEOUT_MS, 'announcing a blob', options.signal)
    await this.#node.contentRouting.provide(cidOf(blob), { signal: deadline.signal })
  }

  async *findProviders(blob: Uint8Array, options: CallOptions = {}): AsyncIterable<PeerId> {
    using deadline = new Deadline(LOOKUP_TIMEOUT_MS, 'looking up a blob', options.signal)
    const seen = new Set<PeerId>([this.#node.peerId.toString()])
    try {
      for await (const provider of this.#node.contentRouting.findProviders(cidOf(blob), { signal: deadline.signal })) {
        const peer = provider.id.toString()
        if (seen.has(peer) || !this.#gate(peer)) continue
        seen.add(peer)
        if (provider.multiaddrs.length > 0) {
          await this.#node.peerStore.merge(provider.id, { multiaddrs: provider.multiaddrs.slice(0, 16) })
        }
        yield peer
      }
    } catch (error) {
      if (options.signal?.aborted === true || !(deadline.signal.aborted || isAbort(error))) throw error
    }
  }
}

/** For a host without a table: nobody is known to hold anything. */
export const noContent: ContentRouting = {
  provide: async () => undefined,
  findProviders: async function* () {},
}

function cidOf(blob: Uint8Array): CID {
  return CID.createV1(RAW_CODEC, createDigest(SHA2_256, blob))
}
