import { multiaddr } from '@multiformats/multiaddr'
import { Deadline, messageOf } from '#node/kit'
import { HostError } from './errors.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import { createNode, type Profile } from './node.ts'
import { Serving } from './serving.ts'
import type { FrameHandler, FrameStream, PeerId } from './types.ts'

/** A stranger's whole visit, from connection to last byte. */
const VISIT_MS = 30_000
const MAX_STRANGERS = 64
const MAX_STRANGERS_PER_SECOND_AND_ADDRESS = 20

export interface OpenHostOptions {
  privateKeySeed: Uint8Array
  listen: readonly string[]
  announce?: readonly string[]
  protocols: Readonly<Record<string, { maxFrameBytes: number; handler: FrameHandler }>>
}

/** The one host that strangers may reach: it speaks the given protocols and nothing else. */
export interface OpenHost {
  readonly peerId: PeerId
  addresses(): string[]
  close(): Promise<void>
}

/** One stream per peer and protocol at a time, few connections, and every visit ends within half a minute. */
export async function createOpenHost(options: OpenHostOptions): Promise<OpenHost> {
  const node = await createNode({
    ...strangerProfile(options.privateKeySeed),
    listen: options.listen,
    announce: options.announce ?? [],
  })
  node.addEventListener('connection:open', ({ detail: connection }) => {
    const timer = setTimeout(() => connection.abort(new HostError('closed', 'the visit took too long')), VISIT_MS)
    connection.addEventListener('close', () => clearTimeout(timer))
  })
  for (const [protocol, { maxFrameBytes, handler }] of Object.entries(options.protocols)) {
    const serving = new Serving({ maxPerPeer: 1 }, handler)
    await node.handle(
      protocol,
      (stream, connection) =>
        serving.run(new Libp2pFrameStream(stream, connection.remotePeer.toString(), maxFrameBytes)),
      { maxInboundStreams: 4 },
    )
  }
  await node.start()
  return {
    peerId: node.peerId.toString(),
    addresses: () => node.getMultiaddrs().map(String),
    close: async () => {
      for (const connection of node.getConnections()) connection.abort(new HostError('closed', 'the host is closed'))
      await node.stop()
    },
  }
}

export interface DialOnceOptions {
  privateKeySeed: Uint8Array
  /** Must end in `/p2p/<peer id>`: whoever answers there with another key is refused. */
  address: string
  protocol: string
  maxFrameBytes: number
  signal?: AbortSignal
}

/**
 * Opens one stream to one pinned peer from a host that exists for this call only.
 * @throws HostError with code 'malformed' without a peer id, 'unreachable', or what `use` throws
 */
export async function dialOnce<T>(options: DialOnceOptions, use: (stream: FrameStream) => Promise<T>): Promise<T> {
  const peer = options.address.split('/p2p/').at(-1)
  if (peer === undefined || peer === options.address) {
    throw new HostError('malformed', `${options.address} does not say which peer to expect; it must end in /p2p/<id>`)
  }
  using deadline = new Deadline(VISIT_MS, `${options.protocol} to ${options.address}`, options.signal)
  const node = await createNode({ ...strangerProfile(options.privateKeySeed), listen: [] })
  try {
    await node.start()
    const stream = await node
      .dialProtocol(multiaddr(options.address), options.protocol, { signal: deadline.signal })
      .catch((error: unknown) => {
        deadline.signal.throwIfAborted()
        throw new HostError('unreachable', `${options.address} is not reachable: ${messageOf(error)}`, { cause: error })
      })
    const frames = new Libp2pFrameStream(stream, peer, options.maxFrameBytes)
    const onDeadline = (): void => frames.reset(deadline.signal.reason)
    deadline.signal.addEventListener('abort', onDeadline)
    try {
      return await use(frames)
    } finally {
      deadline.signal.removeEventListener('abort', onDeadline)
      frames.reset(new HostError('closed', 'the call is over'))
    }
  } finally {
    for (const connection of node.getConnections()) connection.abort(new HostError('closed', 'the call is over'))
    await node.stop()
  }
}

function strangerProfile(privateKeySeed: Uint8Array): Omit<Profile, 'listen'> {
  return {
    privateKeySeed,
    gater: { denyDialMultiaddr: () => false },
    maxConnections: MAX_STRANGERS,
    maxPendingConnections: MAX_STRANGERS,
    maxConnectionsPerSecondAndAddress: MAX_STRANGERS_PER_SECOND_AND_ADDRESS,
  }
}
