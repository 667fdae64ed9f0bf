import { sampleHost } from '#config/store'
import { fromHex, toHex } from '#node/kit'
import { encodeRecord, newSeed, signerFromSeed } from '#swarm/record'
import { signAdmission } from '#swarm/roster'
import type { RowContext } from '../harness/types.ts'
import { Peer } from '../peer/peer.ts'
import type { Latencies } from './envoys.ts'

export interface FleetSize {
  readonly envoys: number
  /** Of which each plays its share of the envoys. */
  readonly processes: number
  readonly crates: number
  readonly intervalMs: number
}

/** One server in its own process, and envoys that speak to it over connections of their own. */
export class SimulatedFleet {
  readonly server: Peer
  readonly #players: readonly Peer[]

  private constructor(server: Peer, players: readonly Peer[]) {
    this.server = server
    this.#players = players
  }

  /** The server runs and knows its envoys; none is connected. */
  static async start(
    context: Pick<RowContext, 'scope' | 'profileFolder'>,
    size: FleetSize,
  ): Promise<{ fleet: SimulatedFleet; connect: () => Promise<Latencies> }> {
    const { scope, profileFolder } = context
    const { crates, intervalMs } = size
    const founder = newSeed()
    const fleetId = toHex(signerFromSeed(founder).publicKey)
    const seeds = Array.from({ length: size.envoys }, () => toHex(newSeed()))
    const admissions = await admit(seeds, founder, crates)
    const server = Peer.spawn(scope, { profileFolder, kind: 'server' })
    const root = scope.path('server')
    const started = { root, seed: toHex(founder), fleetId, admissions, intervalMs, crates }
    const { address } = await server.call('startServer', started)
    const players = Array.from({ length: size.processes }, () => Peer.spawn(scope, { profileFolder: null }))
    const share = Math.ceil(size.envoys / size.processes)
    const connect = async (): Promise<Latencies> => {
      const each = players.map((player, at) => {
        const first = at * share
        const own = seeds.slice(first, first + share)
        return player.call('connectEnvoys', { seeds: own, first, fleetId, server: address, crates })
      })
      return joined(await Promise.all(each))
    }
    return { fleet: new SimulatedFleet(server, players), connect }
  }

  async startLoops(intervalMs: number): Promise<void> {
    await Promise.all(this.#players.map(player => player.call('startLoops', { intervalMs })))
  }

  async stopLoops(): Promise<Latencies> {
    return joined(await Promise.all(this.#players.map(player => player.call('stopLoops'))))
  }

  async withRelease(release: string): Promise<number> {
    const counts = await Promise.all(this.#players.map(player => player.call('withRelease', { release })))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async end(): Promise<void> {
    await Promise.all(this.#players.map(player => player.end()))
    await this.server.end()
  }
}

async function admit(seeds: readonly string[], founder: Uint8Array, crates: number): Promise<string[]> {
  const signer = signerFromSeed(founder)
  const fleetId = toHex(signer.publicKey)
  const bolt = { peer: fleetId, hostname: 'bolt', role: 'bolt', os: 'linux', arch: 'amd64' } as const
  const machines = seeds.map((seed, at) => {
    const { host } = sampleHost(at % crates, Math.floor(at / crates))
    const peer = toHex(signerFromSeed(fromHex(seed)).publicKey)
    return { peer, hostname: host, role: 'envoy', os: 'linux', arch: 'amd64' } as const
  })
  const records: string[] = []
  for (const machine of [bolt, ...machines]) {
    const record = await signAdmission({ ...machine, serial: 1, issuedAt: Date.now() }, fleetId, signer)
    records.push(toHex(encodeRecord(record)))
  }
  return records
}

/** The worst of what each process saw. */
function joined(all: readonly Latencies[]): Latencies {
  const worst = (of: (each: Latencies) => number): number => Math.max(...all.map(of))
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    medianMs: worst(each => each.medianMs),
    p99Ms: worst(each => each.p99Ms),
    maxMs: worst(each => each.maxMs),
  }
}
