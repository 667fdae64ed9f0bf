import type { Fleet } from './fleet.ts'

/** Seconds that all peers together have used so far. */
export async function cpuOf(fleet: Fleet): Promise<number> {
  const each = await Promise.all(fleet.peers.map(peer => peer.call('cpuSeconds')))
  return each.reduce((sum, seconds) => sum + seconds, 0)
}
