import type { ConnectionGater, PeerId as Libp2pPeerId } from '@libp2p/interface'
import type { PeerId } from './types.ts'

/** Is that peer a member at this moment? Synchronous, so that nothing happens between the answer and its use. */
export type Gate = (peer: PeerId) => boolean

/**
 * Asks the gate wherever libp2p lets a peer in or out. The two `EncryptedConnection` questions are the ones that
 * count: there the peer id has been proven by its key. The others only spare a dial or a relay slot that would fail there.
 */
export function connectionGater(gate: Gate): ConnectionGater {
  const deny = (peer: Libp2pPeerId): boolean => !gate(peer.toString())
  return {
    denyDialPeer: deny,
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: deny,
    denyOutboundEncryptedConnection: deny,
    denyInboundRelayReservation: deny,
    denyInboundRelayedConnection: (_relay, remote) => deny(remote),
    denyOutboundRelayedConnection: (source, destination) => deny(source) || deny(destination),
  }
}
