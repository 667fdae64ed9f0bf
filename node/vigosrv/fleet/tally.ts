import { DRIFTS, type EnvoyRow, FLEET_STATUSES, type FleetCounts, REACHABILITIES } from './types.ts'

/** What one envoy adds to the counts. */
type Share = Pick<EnvoyRow, 'status' | 'drift' | 'reachability' | 'isConnected' | 'release' | 'wantedRelease'>

/** The counts of a fleet, kept up to date envoy by envoy. */
export class Tally {
  readonly #shares = new Map<string, Share>()
  #connected = 0
  #upToDate = 0
  readonly #status = zeros(FLEET_STATUSES)
  readonly #drift = zeros(DRIFTS)
  readonly #reachability = zeros(REACHABILITIES)
  readonly #releases = new Map<string, number>()

  /** Counts the envoy as its row says, instead of as before. False when that is the same. */
  set(row: EnvoyRow): boolean {
    const before = this.#shares.get(row.peer)
    if (before !== undefined && isSame(before, row)) return false
    if (before !== undefined) this.#count(before, -1)
    const { status, drift, reachability, isConnected, release, wantedRelease } = row
    const share = { status, drift, reachability, isConnected, release, wantedRelease }
    this.#shares.set(row.peer, share)
    this.#count(share, 1)
    return true
  }

  remove(peer: string): void {
    const before = this.#shares.get(peer)
    if (before === undefined) return
    this.#shares.delete(peer)
    this.#count(before, -1)
  }

  get counts(): FleetCounts {
    return {
      envoys: this.#shares.size,
      connected: this.#connected,
      status: { ...this.#status },
      drift: { ...this.#drift },
      reachability: { ...this.#reachability },
      releases: Object.fromEntries(this.#releases),
      upToDate: this.#upToDate,
    }
  }

  #count(share: Share, by: 1 | -1): void {
    const { status, drift, reachability, isConnected, release, wantedRelease } = share
    this.#status[status] += by
    this.#drift[drift] += by
    this.#reachability[reachability] += by
    if (isConnected) this.#connected += by
    if (release === null) return
    if (release === wantedRelease && status === 'converged') this.#upToDate += by
    const hosts = (this.#releases.get(release) ?? 0) + by
    if (hosts > 0) this.#releases.set(release, hosts)
    else this.#releases.delete(release)
  }
}

function isSame(a: Share, b: Share): boolean {
  return (
    a.status === b.status &&
    a.drift === b.drift &&
    a.reachability === b.reachability &&
    a.isConnected === b.isConnected &&
    a.release === b.release &&
    a.wantedRelease === b.wantedRelease
  )
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map(key => [key, 0])) as Record<K, number>
}
