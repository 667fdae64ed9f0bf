import type { ConnectionGater, Libp2p, PeerDiscovery, Transport } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { libp2pKey } from './identity.ts'
import { lazyNoise } from './lazy-noise.ts'
import { quietLogger } from './quiet.ts'
import { nativeTls } from './tls/native-tls.ts'
import { yamux } from './yamux/muxer.ts'

/*
 * Yamux windows. Both ends must begin with the same 256 KiB (one that begins with more overruns the other, which closes
 * the whole connection). A window may grow to 4 MiB; the read buffer must hold more than that, or pausing a stream
 * aborts it. The write buffer is unbounded unless a bound is set; frame streams hand over 256 KiB at a time.
 */
export const INITIAL_WINDOW_BYTES = 256 * 1024
export const MAX_WINDOW_BYTES = 4 * 1024 * 1024
export const READ_BUFFER_BYTES = 16 * 1024 * 1024
export const WRITE_BUFFER_BYTES = 8 * 1024 * 1024
/** For a dial over all addresses of a peer, and for one of them. */
export const DIAL_TIMEOUT_MS = 10_000
const ADDRESS_DIAL_TIMEOUT_MS = 5_000
const UPGRADE_TIMEOUT_MS = 10_000
const WEEK_MS = 7 * 24 * 3600e3

/** Factories by name; each wants its own part of libp2p's components. */
export type Services = Record<string, (components: never) => unknown>

/** What a kind of host adds to the transport stack that all have in common. */
export interface Profile {
  readonly privateKeySeed: Uint8Array
  readonly listen: readonly string[]
  readonly announce?: readonly string[]
  readonly gater: ConnectionGater
  readonly services?: Services
  readonly transports?: ((components: never) => Transport)[]
  readonly peerDiscovery?: ((components: never) => PeerDiscovery)[]
  readonly maxConnections: number
  readonly maxPendingConnections: number
  readonly maxConnectionsPerSecondAndAddress: number
}

/** TCP, TLS (Noise for foreign peers), yamux, and nothing that the profile does not ask for. Not started. */
export async function createNode(profile: Profile): Promise<Libp2p> {
  const options: Libp2pOptions = {
    start: false,
    privateKey: await libp2pKey(profile.privateKeySeed),
    logger: quietLogger,
    nodeInfo: { userAgent: 'vigo' },
    addresses: {
      listen: [...profile.listen],
      ...(profile.announce === undefined || profile.announce.length === 0 ? {} : { announce: [...profile.announce] }),
    },
    transports: [tcp(), ...((profile.transports ?? []) as NonNullable<Libp2pOptions['transports']>)],
    connectionEncrypters: [nativeTls(), lazyNoise()],
    streamMuxers: [
      yamux({
        maxEarlyStreams: 128,
        windows: {
          initialBytes: INITIAL_WINDOW_BYTES,
          maxBytes: MAX_WINDOW_BYTES,
          maxReadBufferBytes: READ_BUFFER_BYTES,
          maxWriteBufferBytes: WRITE_BUFFER_BYTES,
        },
      }),
    ],
    connectionGater: profile.gater,
    connectionManager: {
      maxConnections: profile.maxConnections,
      maxIncomingPendingConnections: profile.maxPendingConnections,
      inboundConnectionThreshold: profile.maxConnectionsPerSecondAndAddress,
      inboundUpgradeTimeout: UPGRADE_TIMEOUT_MS,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: ADDRESS_DIAL_TIMEOUT_MS,
      maxPeerAddrsToDial: 16,
    },
    // `Heartbeat` does it for less.
    connectionMonitor: { enabled: false },
    peerStore: { maxAddressAge: WEEK_MS, maxPeerAge: WEEK_MS },
    transportManager: { faultTolerance: 0 },
    peerDiscovery: (profile.peerDiscovery ?? []) as NonNullable<Libp2pOptions['peerDiscovery']>,
    services: (profile.services ?? {}) as NonNullable<Libp2pOptions['services']>,
  }
  return createLibp2p(options)
}
