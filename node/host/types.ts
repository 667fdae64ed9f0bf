import type { Uint8ArrayList } from 'uint8arraylist'

/** A libp2p peer id in its base58 text form, for example `12D3KooW…`. */
export type PeerId = string

/**
 * This machine's place among its peers: proven identities, streams of frames, requests, gossip and discovery, and
 * nothing of what they carry. Every peer that appears here has passed the membership gate. Implementations: libp2p
 * (`createHost`) and an in-memory network for tests and simulations (`memoryNetwork`), one compliance suite for both.
 */
export interface Host {
  readonly peerId: PeerId
  /** Multiaddresses that other members can dial, each ending in `/p2p/<peer id>`. */
  addresses(): string[]
  /** Members connected at this moment. */
  peers(): PeerId[]
  /** Connects by multiaddress or, when addresses are known, by peer id. Idempotent. @throws HostError */
  connect(target: string, options?: CallOptions): Promise<PeerId>
  /** Closes every connection to the peer. */
  disconnect(peer: PeerId): Promise<void>
  /** Addresses that `connect(peer)` would try. */
  knownAddresses(peer: PeerId): Promise<string[]>
  /** Remembers dialable addresses of a member (from the address book or another member). */
  addAddresses(peer: PeerId, addresses: string[]): Promise<void>

  /**
   * Answers streams of a protocol. The handler owns the stream until it returns or throws; either closes it
   * (a throw resets it). At most `maxPerPeer` streams of one peer run at a time; more are reset.
   */
  serve(protocol: string, options: ServeOptions, handler: FrameHandler): Promise<void>
  /** Opens a stream of frames to a peer, connecting first if needed. @throws HostError */
  open(peer: PeerId, protocol: string, options: OpenOptions): Promise<FrameStream>

  readonly gossip: Gossip
  readonly content: ContentRouting

  /** Called after a member connected (its first connection) or left (its last one closed). Returns the unsubscriber. */
  onPeer(listener: (event: { type: 'connect' | 'disconnect'; peer: PeerId }) => void): () => void
  /** Closes every stream and connection; pending calls reject. Idempotent. */
  close(): Promise<void>
}

export interface CallOptions {
  signal?: AbortSignal | undefined
}

export interface ServeOptions {
  maxFrameBytes: number
  maxPerPeer?: number
  /** Also over relayed connections, which carry 128 KiB and two minutes at most: control traffic only. */
  overRelay?: boolean
}

export interface OpenOptions extends CallOptions {
  maxFrameBytes: number
  overRelay?: boolean
}

export interface SendOptions extends CallOptions {
  /**
   * The last part's bytes were handed to the system: they may be changed from now on. It must be the only thing sent over its
   * ArrayBuffer meanwhile. Never called when the stream breaks before, or on a connection that cannot tell.
   */
  onSent?: () => void
}

/** The body of the frame to answer with, or null to leave the frame to `receive`. Must not throw, and cannot wait. */
export type QuickAnswer = (frame: Uint8Array) => Uint8Array | null

export type FrameHandler = (stream: FrameStream) => Promise<void>

/**
 * Length-prefixed frames (unsigned varint, then that many bytes) in both directions over one libp2p stream.
 *
 * Receiving is flow-controlled: at most `maxFrameBytes` plus two yamux windows (4 MiB each, when fully grown) are held
 * while nobody reads; the sender is then stopped by the window. A frame above `maxFrameBytes` resets the stream.
 */
export interface FrameStream {
  readonly peer: PeerId
  /**
   * Queues one frame made of the given parts, without copying them: the caller must not change their bytes afterwards.
   * Resolves when the stream wants more; until then the caller should not send.
   * @throws HostError when the stream is closed or the signal fires.
   */
  send(parts: Uint8Array | readonly Uint8Array[], options?: SendOptions): Promise<void>
  /**
   * The next frame, or null after the other side finished writing. The list's pieces are views that stay valid.
   * One reader at a time. @throws HostError on reset, on an oversized frame, or when the signal fires.
   */
  receive(options?: CallOptions): Promise<Uint8ArrayList | null>
  /**
   * From now on small frames are shown to `answer` first, as they come: without promises, in the turn of the event loop that brought them.
   * It is not asked while a frame is under way in either direction, nobody waits in `receive`, or the other side does not read: order and
   * back-pressure stay as they are. It may therefore never be asked.
   */
  answerAtOnce(answer: QuickAnswer): void
  /** Finishes writing; the other side sees the end after what was sent. */
  closeWrite(): Promise<void>
  /** Drops the stream now; the other side sees a reset. Idempotent. */
  reset(reason: Error): void
  /** Fires when the stream is gone, for whatever reason. */
  readonly closed: AbortSignal
}

export interface Gossip {
  /** `validate` runs before a message is forwarded or delivered; it is the only consumer. 'reject' costs the sender score. */
  subscribe(
    topic: string,
    validate: (message: Uint8Array, from: PeerId) => Promise<'accept' | 'ignore' | 'reject'>,
  ): void
  /** Resolves when handed to at least zero neighbours: with nobody there the message is lost, which anti-entropy mends. */
  publish(topic: string, message: Uint8Array): Promise<void>
  /** Neighbours that subscribe to the topic. */
  subscribers(topic: string): PeerId[]
}

/** Hints about who holds what; may be empty, stale or wrong, and nothing may depend on it. */
export interface ContentRouting {
  provide(blob: Uint8Array, options?: CallOptions): Promise<void>
  findProviders(blob: Uint8Array, options?: CallOptions): AsyncIterable<PeerId>
}
