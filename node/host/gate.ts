import type { ConnectionGater, PeerId as Libp2pPeerId } from '@libp2p/interface'
import type { Logger } from '#node/kit'
import type { PeerId } from './types.ts'

/** Is that peer a member at this moment? Synchronous, so that nothing happens between the answer and its use. */
export type Gate = (peer: PeerId) => boolean

/**
 * Asks the gate wherever libp2p lets a peer in or out. The two `EncryptedConnection` questions are the ones that
 * count: there the peer id has been proven by its key. The others only spare a dial or a relay slot that would fail there.
 */
export function connectionGater(gate: Gate, logger: Logger): ConnectionGater {
  const deny = (peer: Libp2pPeerId): boolean => !gate(peer.toString())
  const note = refusals(logger)
  return {
    denyDialPeer: deny,
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: peer => {
      const denied = deny(peer)
      if (denied) note(peer.toString())
      return denied
    },
    denyOutboundEncryptedConnection: deny,
    denyInboundRelayReservation: deny,
    denyInboundRelayedConnection: (_relay, remote) => deny(remote),
    denyOutboundRelayedConnection: (source, destination) => deny(source) || deny(destination),
  }
}

const REMEMBERED_MS = 3_600_000
const MAX_REMEMBERED = 256

/** Says who was turned away: each peer once an hour and at most 256 of them, so that strangers cannot fill the disk. */
function refusals(logger: Logger): (peer: PeerId) => void {
  const said = new Map<PeerId, number>()
  return peer => {
    const now = performance.now()
    for (const [other, at] of said) if (now - at > REMEMBERED_MS) said.delete(other)
    if (said.has(peer) || said.size >= MAX_REMEMBERED) return
    said.set(peer, now)
    logger.warn('stranger-refused', { peer }, 'a peer that is no member of this fleet tried to connect')
  }
}
