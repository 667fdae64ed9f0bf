import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toHex } from '#node/kit'
import { encodeRecord, newSeed, signerFromSeed } from '#swarm/record'
import { signAdmission } from '#swarm/roster'
import type { RowContext } from '../harness/types.ts'
import { Peer } from './peer.ts'

const CONNECT_WITHIN_MS = 60_000
const STARTED_AT_ONCE = 2

export interface Place {
  /** Multiaddress without a peer id. */
  readonly listen: string
  readonly prefix?: readonly string[]
}

const LOOPBACK: Place = { listen: '/ip4/127.0.0.1/tcp/0' }

/** Peers of one fleet, each a process with its own root, that know and admit each other. */
export class Fleet {
  readonly peers: readonly Peer[]

  private constructor(peers: readonly Peer[]) {
    this.peers = peers
  }

  /** The first peer is connected with all others; `meshed` waits until everybody is with everybody (16 at least). */
  static async start(
    context: RowContext,
    count: number,
    options: { places?: readonly Place[]; connect?: boolean } = {},
  ): Promise<Fleet> {
    const founder = signerFromSeed(newSeed())
    const fleetId = toHex(founder.publicKey)
    const seeds = Array.from({ length: count }, () => newSeed())
    const admissions: string[] = []
    for (const [i, seed] of seeds.entries()) {
      const peer = toHex(signerFromSeed(seed).publicKey)
      const machine = { hostname: `peer${i}`, role: 'envoy', os: 'linux', arch: 'amd64' } as const
      const admission = await signAdmission({ peer, ...machine, serial: 1, issuedAt: Date.now() }, fleetId, founder)
      admissions.push(toHex(encodeRecord(admission)))
    }
    const peers: Peer[] = []
    const startOne = async (i: number): Promise<void> => {
      const { listen, ...place } = options.places?.[i] ?? LOOPBACK
      const peer = Peer.spawn(context.scope, { profileFolder: context.profileFolder, ...place })
      const root = join(context.scope.folder, `${fleetId.slice(0, 8)}-${i}`)
      const seed = toHex(seeds[i] ?? newSeed())
      const started = await peer.call('start', { root, seed, fleetId, hostname: `peer${i}`, listen, admissions })
      Object.assign(peer, started)
      peers[i] = peer
    }
    let next = 0
    const starters = Array.from({ length: STARTED_AT_ONCE }, async () => {
      while (next < count) await startOne(next++)
    })
    await Promise.all(starters)
    const fleet = new Fleet(peers)
    if (options.connect !== false) await fleet.#mesh()
    return fleet
  }

  get origin(): Peer {
    return this.#at(0)
  }

  get others(): readonly Peer[] {
    return this.peers.slice(1)
  }

  async #mesh(): Promise<void> {
    const { address } = this.origin
    await Promise.all(this.others.map(peer => peer.call('connect', { address })))
    const wanted = Math.min(this.peers.length - 1, 16)
    const deadline = performance.now() + CONNECT_WITHIN_MS
    for (;;) {
      const counts = await Promise.all(this.peers.map(peer => peer.call('connections')))
      if (counts.every(count => count >= wanted)) return
      if (performance.now() > deadline)
        throw new Error(`peers did not find each other: ${counts.join(', ')} connections`)
      await sleep(100)
    }
  }

  #at(index: number): Peer {
    const peer = this.peers[index]
    if (peer === undefined) throw new RangeError(`the fleet has no peer ${index}`)
    return peer
  }
}
