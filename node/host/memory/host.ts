import { raceSignal, toHex } from '#node/kit'
import { HostError } from '../errors.ts'
import type { Gate } from '../gate.ts'
import { Serving } from '../serving.ts'
import type {
  CallOptions,
  ContentRouting,
  FrameHandler,
  FrameStream,
  Host,
  OpenOptions,
  PeerId,
  ServeOptions,
} from '../types.ts'
import { MemoryGossip } from './gossip.ts'
import type { MemoryHostOptions, Switchboard } from './network.ts'
import { type MemoryStream, memoryStreams } from './stream.ts'

const PREFIX = '/memory/p2p/'

type PeerListener = (event: { type: 'connect' | 'disconnect'; peer: PeerId }) => void

/** One host of a memory network. Being killed or closed is final. */
export class MemoryHost implements Host {
  readonly peerId: PeerId
  readonly gossip: MemoryGossip
  readonly content: ContentRouting
  readonly #network: Switchboard
  readonly #gate: Gate
  readonly #served = new Map<string, { options: ServeOptions; serving: Serving }>()
  readonly #links = new Map<PeerId, Set<MemoryStream>>()
  readonly #addresses = new Map<PeerId, Set<string>>()
  readonly #listeners = new Set<PeerListener>()
  #closed = false

  constructor(network: Switchboard, options: MemoryHostOptions) {
    this.peerId = options.peerId
    this.#network = network
    this.#gate = options.gate ?? (() => true)
    this.gossip = new MemoryGossip(this.peerId, network, () => this.peers())
    this.content = memoryContent(this.peerId, network, this.#gate)
  }

  addresses(): string[] {
    return [PREFIX + this.peerId]
  }

  peers(): PeerId[] {
    return [...this.#links.keys()]
  }

  async connect(target: string, options: CallOptions = {}): Promise<PeerId> {
    const peer = peerOfTarget(target)
    this.#assertOpen()
    if (this.#links.has(peer)) return peer
    this.#assertMember(peer)
    await this.#travel(2, options)
    this.#assertOpen()
    if (this.#links.has(peer)) return peer
    const other = this.#network.find(this.peerId, peer)
    if (!other.#gate(this.peerId)) throw new HostError('unreachable', `${peer} is not reachable: its gate refused`)
    this.remember(peer, other.addresses())
    other.remember(this.peerId, this.addresses())
    this.#links.set(peer, new Set())
    other.#links.set(this.peerId, new Set())
    this.#emit('connect', peer)
    other.#emit('connect', this.peerId)
    return peer
  }

  async disconnect(peer: PeerId): Promise<void> {
    this.#network.cut(this.peerId, peer)
  }

  async knownAddresses(peer: PeerId): Promise<string[]> {
    return [...(this.#addresses.get(peer) ?? [])]
  }

  async addAddresses(peer: PeerId, addresses: string[]): Promise<void> {
    for (const address of addresses) {
      if (peerOfTarget(address) !== peer) {
        throw new HostError('malformed', `${address} is an address of another peer than ${peer}`)
      }
    }
    this.remember(peer, addresses)
  }

  async serve(protocol: string, options: ServeOptions, handler: FrameHandler): Promise<void> {
    if (this.#served.has(protocol)) throw new HostError('closed', `${protocol} is served already`)
    this.#served.set(protocol, { options, serving: new Serving(options, handler) })
  }

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<FrameStream> {
    this.#assertOpen()
    this.#assertMember(peer)
    await this.connect(peer, options)
    await this.#travel(2, options)
    this.#assertOpen()
    const mine = this.#links.get(peer)
    if (mine === undefined) throw new HostError('unreachable', `${peer} left`)
    const other = this.#network.find(this.peerId, peer)
    const served = other.#served.get(protocol)
    const theirs = other.#links.get(this.peerId)
    if (served === undefined || theirs === undefined) {
      throw new HostError('unsupported', `${peer} did not open ${protocol}: it does not serve it`)
    }
    const [here, there] = memoryStreams(
      [
        { peer, maxFrameBytes: options.maxFrameBytes },
        { peer: this.peerId, maxFrameBytes: served.options.maxFrameBytes },
      ],
      this.#network.link,
    )
    track(mine, here)
    track(theirs, there)
    void served.serving.run(there)
    return here
  }

  onPeer(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const peer of this.peers()) {
      this.lose(peer, new HostError('closed', 'the host is closed'))
      this.#network.host(peer)?.lose(this.peerId)
    }
    this.#network.remove(this.peerId)
  }

  markClosed(): void {
    this.#closed = true
  }

  remember(peer: PeerId, addresses: readonly string[]): void {
    const known = this.#addresses.get(peer) ?? new Set()
    for (const address of addresses) known.add(address)
    this.#addresses.set(peer, known)
  }

  /** The connection to that peer is gone; every stream over it is reset. */
  lose(peer: PeerId, reason = new HostError('reset', `the connection to ${peer} is lost`)): void {
    const streams = this.#links.get(peer)
    if (streams === undefined) return
    this.#links.delete(peer)
    for (const stream of streams) stream.fail(reason)
    this.#emit('disconnect', peer)
  }

  #emit(type: 'connect' | 'disconnect', peer: PeerId): void {
    for (const listener of this.#listeners) listener({ type, peer })
  }

  #assertOpen(): void {
    if (this.#closed) throw new HostError('closed', 'the host is closed')
  }

  #assertMember(peer: PeerId): void {
    if (peer === this.peerId) throw new HostError('unreachable', 'a host does not dial itself')
    if (!this.#gate(peer)) throw new HostError('not-a-member', `${peer} is not a member of this fleet`)
  }

  async #travel(oneWays: number, { signal }: CallOptions): Promise<void> {
    signal?.throwIfAborted()
    const { clock, latencyMs } = this.#network.link
    if (latencyMs === 0) return
    const journey = clock.sleep(latencyMs * oneWays, { signal })
    await (signal === undefined ? journey : raceSignal(journey, signal))
  }
}

function track(streams: Set<MemoryStream>, stream: MemoryStream): void {
  streams.add(stream)
  stream.closed.addEventListener('abort', () => streams.delete(stream), { once: true })
}

function peerOfTarget(target: string): PeerId {
  if (!target.startsWith('/')) return target
  if (!target.startsWith(PREFIX)) throw new HostError('malformed', `'${target}' is not an address of a memory network`)
  return target.slice(PREFIX.length)
}

function memoryContent(self: PeerId, network: Switchboard, gate: Gate): ContentRouting {
  return {
    provide: async blob => {
      const key = toHex(blob)
      const providers = network.providers.get(key) ?? new Set()
      network.providers.set(key, providers.add(self))
    },
    findProviders: async function* (blob) {
      for (const peer of network.providers.get(toHex(blob)) ?? []) {
        if (peer !== self && gate(peer) && network.reaches(self, peer)) yield peer
      }
    },
  }
}
