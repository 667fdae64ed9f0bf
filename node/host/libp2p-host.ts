import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { Deadline, messageOf, TaskGroup } from '#node/kit'
import { HostError } from './errors.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import type { Gate } from './gate.ts'
import type { Heartbeat } from './heartbeat.ts'
import { DIAL_TIMEOUT_MS } from './node.ts'
import { DEFAULT_MAX_PER_PEER, Serving } from './serving.ts'
import type {
  CallOptions,
  ContentRouting,
  FrameHandler,
  FrameStream,
  Gossip,
  Host,
  OpenOptions,
  PeerId,
  ServeOptions,
} from './types.ts'
import { YamuxMuxer } from './yamux/muxer.ts'

const OPEN_TIMEOUT_MS = 15_000
const MAX_ADDRESSES_PER_PEER = 16
const MAX_OUTBOUND_STREAMS = 1_024

export interface HostParts {
  readonly gate: Gate
  readonly gossip: Gossip
  readonly content: ContentRouting
  readonly heartbeat: Heartbeat
}

type PeerListener = (event: { type: 'connect' | 'disconnect'; peer: PeerId }) => void

/** The `Host` contract on a libp2p node that somebody else has composed. */
export class Libp2pHost implements Host {
  readonly peerId: PeerId
  readonly gossip: Gossip
  readonly content: ContentRouting
  readonly #node: Libp2p
  readonly #gate: Gate
  readonly #heartbeat: Heartbeat
  readonly #connections = new Map<PeerId, Set<Connection>>()
  readonly #listeners = new Set<PeerListener>()
  readonly #closing = new AbortController()
  readonly #tasks = new TaskGroup(() => undefined)
  #closed: Promise<void> | undefined

  constructor(node: Libp2p, parts: HostParts) {
    this.#node = node
    this.#gate = parts.gate
    this.#heartbeat = parts.heartbeat
    this.peerId = node.peerId.toString()
    this.gossip = parts.gossip
    this.content = parts.content
    node.addEventListener('connection:open', event => this.#onOpen(event.detail))
    node.addEventListener('connection:close', event => this.#onClose(event.detail))
  }

  addresses(): string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  peers(): PeerId[] {
    return [...this.#connections.keys()]
  }

  async connect(target: string, options: CallOptions = {}): Promise<PeerId> {
    const address = target.startsWith('/') ? parseAddress(target) : null
    const named = address === null ? target : peerOf(address)
    if (named !== null && this.#connections.has(named)) return named
    if (named !== null) this.#assertMember(named)
    const connection = await this.#dial(address ?? peerId(target), target, options)
    return connection.remotePeer.toString()
  }

  async disconnect(peer: PeerId): Promise<void> {
    for (const connection of this.#connections.get(peer) ?? []) {
      connection.abort(new HostError('closed', `disconnected from ${peer}`))
    }
  }

  async knownAddresses(peer: PeerId): Promise<string[]> {
    const id = peerId(peer)
    if (!(await this.#node.peerStore.has(id))) return []
    const { addresses } = await this.#node.peerStore.get(id)
    return addresses.map(({ multiaddr }) => withPeer(multiaddr, peer))
  }

  async addAddresses(peer: PeerId, addresses: string[]): Promise<void> {
    const usable: Multiaddr[] = []
    for (const text of addresses.slice(0, MAX_ADDRESSES_PER_PEER)) {
      const address = parseAddress(text)
      const named = peerOf(address)
      if (named !== null && named !== peer) {
        throw new HostError('malformed', `${text} is an address of another peer than ${peer}`)
      }
      usable.push(address)
    }
    await this.#node.peerStore.merge(peerId(peer), { multiaddrs: usable })
  }

  async serve(protocol: string, options: ServeOptions, handler: FrameHandler): Promise<void> {
    const serving = new Serving(options, handler)
    const maxPerPeer = options.maxPerPeer ?? DEFAULT_MAX_PER_PEER
    await this.#node.handle(
      protocol,
      (stream, connection) =>
        serving.run(new Libp2pFrameStream(stream, connection.remotePeer.toString(), options.maxFrameBytes)),
      {
        // Ours is the limit that counts; streams whose handler is done linger a moment.
        maxInboundStreams: maxPerPeer * 2 + 16,
        maxOutboundStreams: MAX_OUTBOUND_STREAMS,
        runOnLimitedConnection: options.overRelay === true,
      },
    )
  }

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<FrameStream> {
    this.#assertMember(peer)
    using deadline = new Deadline(
      OPEN_TIMEOUT_MS,
      `opening ${protocol} to ${peer}`,
      options.signal,
      this.#closing.signal,
    )
    const overRelay = options.overRelay === true
    const connection =
      this.#usableConnection(peer, overRelay) ?? (await this.#dial(peerId(peer), peer, { signal: deadline.signal }))
    const stream = await this.#newStream(connection, protocol, overRelay, deadline.signal)
    return new Libp2pFrameStream(stream, peer, options.maxFrameBytes)
  }

  onPeer(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Background work that ends, and is waited for, when the host closes. */
  whileOpen(task: (signal: AbortSignal) => Promise<void>): void {
    this.#tasks.run(() => task(this.#closing.signal))
  }

  async #close(): Promise<void> {
    const reason = new HostError('closed', 'the host is closed')
    this.#closing.abort(reason)
    this.#heartbeat.stop()
    for (const connections of this.#connections.values()) {
      for (const connection of connections) connection.abort(reason)
    }
    await this.#tasks.settled()
    await this.#node.stop()
  }

  #assertMember(peer: PeerId): void {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason
    if (peer === this.peerId) throw new HostError('unreachable', 'a host does not dial itself')
    if (!this.#gate(peer)) throw new HostError('not-a-member', `${peer} is not a member of this fleet`)
  }

  #usableConnection(peer: PeerId, overRelay: boolean): Connection | undefined {
    const open = [...(this.#connections.get(peer) ?? [])].filter(connection => connection.status === 'open')
    return open.find(connection => connection.limits === undefined) ?? (overRelay ? open[0] : undefined)
  }

  /** Dials, then waits for a first answer: TLS 1.3 lets a dialler finish before the other side has judged it. */
  async #dial(target: Multiaddr | ReturnType<typeof peerId>, name: string, options: CallOptions): Promise<Connection> {
    using deadline = new Deadline(DIAL_TIMEOUT_MS, `dialling ${name}`, options.signal, this.#closing.signal)
    try {
      const connection = await this.#node.dial(target, { signal: deadline.signal })
      await this.#awaitAdmission(connection, deadline.signal)
      return connection
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason
      if (this.#closing.signal.aborted) throw this.#closing.signal.reason
      throw new HostError('unreachable', `${name} is not reachable: ${firstCause(error)}`, { cause: error })
    }
  }

  /** A peer whose gate refuses us never gets as far as its muxer; that of one that lets us in answers. */
  async #awaitAdmission(connection: Connection, signal: AbortSignal): Promise<void> {
    const { muxer } = connection as { muxer?: unknown }
    if (muxer instanceof YamuxMuxer) await muxer.answered({ signal })
  }

  async #newStream(connection: Connection, protocol: string, overRelay: boolean, signal: AbortSignal): Promise<Stream> {
    try {
      return await connection.newStream(protocol, {
        signal,
        runOnLimitedConnection: overRelay,
        maxOutboundStreams: MAX_OUTBOUND_STREAMS,
      })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const peer = connection.remotePeer.toString()
      const isUnsupported = error instanceof Error && error.name === 'UnsupportedProtocolError'
      const code = connection.status !== 'open' ? 'unreachable' : isUnsupported ? 'unsupported' : 'reset'
      throw new HostError(code, `${peer} did not open ${protocol}: ${messageOf(error)}`, { cause: error })
    }
  }

  #onOpen(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    // Membership may have ended between the handshake, where the gate was asked, and now.
    if (this.#closing.signal.aborted || !this.#gate(peer)) {
      connection.abort(new HostError('not-a-member', `${peer} is not a member of this fleet`))
      return
    }
    const known = this.#connections.get(peer)
    if (known !== undefined) {
      known.add(connection)
      return
    }
    this.#connections.set(peer, new Set([connection]))
    this.#emit('connect', peer)
  }

  #onClose(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const known = this.#connections.get(peer)
    if (known === undefined || !known.delete(connection) || known.size > 0) return
    this.#connections.delete(peer)
    this.#emit('disconnect', peer)
  }

  #emit(type: 'connect' | 'disconnect', peer: PeerId): void {
    for (const listener of this.#listeners) listener({ type, peer })
  }
}

function peerId(text: PeerId): ReturnType<typeof peerIdFromString> {
  try {
    return peerIdFromString(text)
  } catch (error) {
    throw new HostError('malformed', `'${text.slice(0, 80)}' is not a peer id`, { cause: error })
  }
}

function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (error) {
    throw new HostError('malformed', `'${text.slice(0, 200)}' is not a multiaddress`, { cause: error })
  }
}

/** The peer at the end of the address (of a relayed one: behind the relay), or null. */
function peerOf(address: Multiaddr): PeerId | null {
  return address.getComponents().findLast(component => component.name === 'p2p')?.value ?? null
}

function withPeer(address: Multiaddr, peer: PeerId): string {
  return peerOf(address) === peer ? address.toString() : `${address.toString()}/p2p/${peer}`
}

function firstCause(error: unknown): string {
  return error instanceof AggregateError && error.errors.length > 0 ? messageOf(error.errors[0]) : messageOf(error)
}
