import { identify, identifyPush } from '@libp2p/identify'
import type { Libp2p, PeerDiscovery, PeerInfo, Transport } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { type Clock, type Logger, type Random, systemClock } from '#node/kit'
import { keepBootstrapPeers } from './bootstrap.ts'
import { DhtContent, dhtService, noContent } from './content.ts'
import { connectionGater, type Gate } from './gate.ts'
import { gossipService, Libp2pGossip, noGossip } from './gossip.ts'
import { Heartbeat } from './heartbeat.ts'
import { Libp2pHost } from './libp2p-host.ts'
import { createNode, type Services } from './node.ts'
import { Penalties } from './penalties.ts'
import { relayParts } from './relay.ts'
import type { Host } from './types.ts'

export interface HostOptions {
  /** 32-byte Ed25519 seed: the machine's identity. */
  privateKeySeed: Uint8Array
  /** Multiaddresses such as `/ip4/0.0.0.0/tcp/4001`. */
  listen: readonly string[]
  /** What others are told instead of the addresses listened on. */
  announce?: readonly string[]
  /** Hex; names the fleet's own DHT and mDNS tag, so that fleets never mix. */
  fleetId: string
  /** Is that peer a member now? Asked at every connection, in both directions, with no exception. */
  gate: Gate
  /** Multiaddresses ending in `/p2p/<peer id>` that are dialled at the start and whenever they are lost. */
  bootstrap?: readonly string[]
  mdns?: boolean
  /** `server` relays control traffic for others; `client` also asks relays to be reachable through them. */
  relay?: 'server' | 'client' | 'off'
  dht?: boolean
  gossip?: boolean
  maxConnections?: number
  /** How often connections are asked whether they still are, and for how long an answer is waited for. */
  heartbeat?: { beatMs?: number; answerWithinMs?: number }
  logger: Logger
  clock?: Clock
  random?: Random
}

/*
 * A fleet that restarts behind one address looks like an attack to libp2p's defaults (300 connections, 10 pending, 5 per
 * second and address). Strangers are stopped by the gate after one handshake, not by these.
 */
/** A bolt holds a conversation with each envoy of its fleet. */
const MAX_CONNECTIONS = 16_000
const MAX_PENDING_CONNECTIONS = 1_000
const MAX_CONNECTIONS_PER_SECOND_AND_ADDRESS = 1_000

/** Members found on the local network are dialled until this many are connected. */
const ENOUGH_PEERS_FOR_MDNS = 32

/** A started libp2p host: members only, everything that is off is not even loaded. */
export async function createHost(options: HostOptions): Promise<Host> {
  const penalties = new Penalties(() => performance.now())
  const services: Services = { identify: identify(), ping: ping() }
  services['identifyPush'] = identifyPush()
  if (options.gossip !== false) services['gossip'] = gossipService(penalties)
  if (options.dht !== false) services['dht'] = await dhtService(options.fleetId)
  const transports: ((components: never) => Transport)[] = []
  const listen = [...options.listen]
  if (options.relay === 'server' || options.relay === 'client') {
    const relay = await relayParts(options.relay)
    Object.assign(services, relay.services)
    transports.push(...relay.transports)
    listen.push(...relay.listen)
  }
  const node = await createNode({
    privateKeySeed: options.privateKeySeed,
    listen,
    announce: options.announce ?? [],
    gater: connectionGater(options.gate, options.logger),
    services,
    transports,
    peerDiscovery: options.mdns === true ? [await mdnsDiscovery(options.fleetId)] : [],
    maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
    maxPendingConnections: MAX_PENDING_CONNECTIONS,
    maxConnectionsPerSecondAndAddress: MAX_CONNECTIONS_PER_SECOND_AND_ADDRESS,
  })
  const host = new Libp2pHost(node, {
    gate: options.gate,
    gossip: options.gossip === false ? noGossip : new Libp2pGossip(node, penalties, options.logger),
    content: options.dht === false ? noContent : new DhtContent(node, options.gate),
    heartbeat: new Heartbeat(() => node.getConnections(), options.heartbeat),
  })
  dialDiscovered(node, host, options)
  try {
    await node.start()
  } catch (error) {
    await host.close()
    throw error
  }
  host.whileOpen(signal =>
    keepBootstrapPeers(host, options.bootstrap ?? [], {
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      logger: options.logger,
      signal,
    }),
  )
  return host
}

async function mdnsDiscovery(fleetId: string): Promise<(components: never) => PeerDiscovery> {
  const { mdns } = await import('@libp2p/mdns')
  return mdns({ serviceTag: `_vigo-${fleetId.slice(0, 8)}._udp.local` })
}

/** libp2p only remembers what mDNS finds; members among it are dialled while there are few. */
function dialDiscovered(node: Libp2p, host: Host, options: HostOptions): void {
  node.addEventListener('peer:discovery', (event: CustomEvent<PeerInfo>) => {
    const peer = event.detail.id.toString()
    if (!options.gate(peer) || host.peers().length >= ENOUGH_PEERS_FOR_MDNS || host.peers().includes(peer)) return
    host
      .addAddresses(peer, event.detail.multiaddrs.map(String))
      .then(() => host.connect(peer))
      .catch((error: unknown) => options.logger.debug('mdns-dial-failed', { peer, error }))
  })
}
