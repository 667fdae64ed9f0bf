import { type Clock, systemClock } from '#node/kit'
import { HostError } from '../errors.ts'
import type { Gate } from '../gate.ts'
import type { Host, PeerId } from '../types.ts'
import { MemoryHost } from './host.ts'

export interface MemoryHostOptions {
  /** Any text; real peer ids where upper layers parse them. */
  peerId: PeerId
  /** Everybody is a member unless given. */
  gate?: Gate
}

export interface MemoryNetworkOptions {
  /** One way, for each frame and message. */
  latencyMs?: number
  clock?: Clock
}

/** Hosts in one process, for tests and simulations: same contract as `createHost`, no sockets, optional virtual time. */
export interface MemoryNetwork {
  createHost(options: MemoryHostOptions): Host
  /** From now on, hosts reach only those of their own group; a host that is in none reaches nobody. Links across break. */
  partition(groups: readonly (readonly PeerId[])[]): void
  /** Everybody reaches everybody again; nobody is reconnected. */
  heal(): void
  /** As when the process is killed: others see its connections break, and it cannot be reached any more. */
  kill(peer: PeerId): void
}

export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Switchboard(options)
}

/** Who exists and who reaches whom; the hosts do the rest. */
export class Switchboard implements MemoryNetwork {
  readonly link: { clock: Clock; latencyMs: number }
  /** Provider records of all hosts, by blob in hex. */
  readonly providers = new Map<string, Set<PeerId>>()
  readonly #hosts = new Map<PeerId, MemoryHost>()
  #groupOf: Map<PeerId, number> | null = null

  constructor(options: MemoryNetworkOptions) {
    this.link = { clock: options.clock ?? systemClock, latencyMs: options.latencyMs ?? 0 }
  }

  createHost(options: MemoryHostOptions): Host {
    if (this.#hosts.has(options.peerId)) throw new RangeError(`${options.peerId} exists already`)
    const host = new MemoryHost(this, options)
    this.#hosts.set(options.peerId, host)
    return host
  }

  partition(groups: readonly (readonly PeerId[])[]): void {
    this.#groupOf = new Map(groups.flatMap((group, index) => group.map(peer => [peer, index] as const)))
    for (const host of this.#hosts.values()) {
      for (const peer of host.peers()) {
        if (!this.reaches(host.peerId, peer)) this.cut(host.peerId, peer)
      }
    }
  }

  heal(): void {
    this.#groupOf = null
  }

  kill(peer: PeerId): void {
    const host = this.#hosts.get(peer)
    if (host === undefined) return
    for (const other of host.peers()) this.cut(peer, other)
    this.remove(peer)
    host.markClosed()
  }

  remove(peer: PeerId): void {
    this.#hosts.delete(peer)
  }

  cut(a: PeerId, b: PeerId): void {
    this.#hosts.get(a)?.lose(b)
    this.#hosts.get(b)?.lose(a)
  }

  reaches(from: PeerId, to: PeerId): boolean {
    if (this.#groupOf === null) return true
    const group = this.#groupOf.get(from)
    return group !== undefined && group === this.#groupOf.get(to)
  }

  /** @throws HostError with code 'unreachable' */
  find(from: PeerId, to: PeerId): MemoryHost {
    const host = this.#hosts.get(to)
    if (host === undefined || !this.reaches(from, to)) throw new HostError('unreachable', `${to} is not reachable`)
    return host
  }

  host(peer: PeerId): MemoryHost | undefined {
    return this.#hosts.get(peer)
  }
}
