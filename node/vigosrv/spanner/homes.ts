import { type Host, publicKeyOf } from '#node/host'
import { type Clock, toHex } from '#node/kit'
import type { Roster } from '#swarm/roster'
import { boltsFor, type Routes } from '#swarm/routes'
import type { Envoy, Homes } from '../fleet/homes.ts'

/** A bolt that is not connected for so long serves nobody, as far as this one can tell. Longer than a restart takes. */
const GONE_MS = 60_000

export interface FleetHomesOptions {
  readonly roster: Roster
  readonly routes: Routes
  readonly host: Pick<Host, 'peerId' | 'peers' | 'onPeer'>
  readonly clock: Clock
}

/** The first bolt of every envoy, by routes and roster, and whether it is there. Remembered until one of those changes. */
export class FleetHomes implements Homes {
  readonly #options: FleetHomesOptions
  readonly #self: string
  readonly #homes = new Map<string, string | null>()
  readonly #connected: Set<string>
  readonly #lostAt = new Map<string, number>()
  readonly #listeners = new Set<(peer: string | null) => void>()
  readonly #unsubscribe: (() => void)[]
  #bolts: readonly string[] | null = null

  constructor(options: FleetHomesOptions) {
    const { roster, routes, host, clock } = options
    this.#options = options
    this.#self = keyOf(host.peerId)
    this.#connected = new Set(host.peers().map(keyOf))
    this.#unsubscribe = [
      routes.onChange(change => (change.kind === 'bolt' ? this.#forgetAll() : this.#forget(change.peer))),
      roster.onChange(({ peer }) => (roster.member(peer)?.role === 'bolt' ? this.#forgetAll() : this.#forget(peer))),
      host.onPeer(({ type, peer }) => {
        const key = keyOf(peer)
        if (type === 'connect') this.#connected.add(key)
        else this.#connected.delete(key)
        this.#lostAt.delete(key)
        if (!roster.isBolt(key)) return
        if (type === 'disconnect') this.#lostAt.set(key, clock.monotonicMs())
        else this.#tell(null)
      }),
    ]
  }

  /** Public keys of the bolts that the roster admits now. */
  get bolts(): readonly string[] {
    const { roster } = this.#options
    this.#bolts ??= roster
      .members()
      .filter(({ peer }) => roster.isBolt(peer))
      .map(({ peer }) => peer)
    return this.#bolts
  }

  homeOf(envoy: Envoy): string | null {
    const known = this.#homes.get(envoy.peer)
    if (known !== undefined) return known
    const home = boltsFor(envoy, this.bolts, this.#options.routes)[0] ?? null
    this.#homes.set(envoy.peer, home)
    return home
  }

  isElsewhere(envoy: Envoy): boolean {
    const home = this.homeOf(envoy)
    return home !== null && home !== this.#self && this.#isThere(home)
  }

  onChange(listener: (peer: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #isThere(bolt: string): boolean {
    if (this.#connected.has(bolt)) return true
    const lostAt = this.#lostAt.get(bolt)
    return lostAt !== undefined && this.#options.clock.monotonicMs() - lostAt < GONE_MS
  }

  #forget(peer: string): void {
    this.#homes.delete(peer)
    this.#tell(peer)
  }

  #forgetAll(): void {
    this.#homes.clear()
    this.#bolts = null
    this.#tell(null)
  }

  #tell(peer: string | null): void {
    for (const listener of this.#listeners) listener(peer)
  }
}

function keyOf(peer: string): string {
  return toHex(publicKeyOf(peer))
}
