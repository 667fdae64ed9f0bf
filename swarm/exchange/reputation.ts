import type { PeerId } from '#node/host'
import type { Logger } from '#node/kit'

export interface Reputation {
  /** The peer sent what cannot be an accident. It is not asked again while this process lives. */
  ban(peer: PeerId, reason: string, fields?: object): void
  isBanned(peer: PeerId): boolean
  reason(peer: PeerId): string | null
  onBan(listener: (peer: PeerId, reason: string) => void): () => void
}

export function createReputation(logger: Logger): Reputation {
  const banned = new Map<PeerId, string>()
  const listeners = new Set<(peer: PeerId, reason: string) => void>()
  return {
    ban: (peer, reason, fields = {}) => {
      if (banned.has(peer)) return
      banned.set(peer, reason)
      logger.warn('peer-lied', { peer, reason, ...fields }, `${peer} ${reason}; nothing is fetched from it any more`)
      for (const listener of listeners) listener(peer, reason)
    },
    isBanned: peer => banned.has(peer),
    reason: peer => banned.get(peer) ?? null,
    onBan: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
