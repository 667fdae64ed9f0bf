import { type Clock, KeyedMutex } from '#node/kit'
import type { SignedRecord, Signer } from '#swarm/record'
import type { Member, Roster } from '#swarm/roster'
import { type Routes, requirePatterns, signBoltRoute, signEnvoyRoute } from '#swarm/routes'
import { SpannerError } from './errors.ts'
import type { FleetHomes } from './homes.ts'

export interface RoutingOptions {
  readonly roster: Roster
  readonly routes: Routes
  readonly homes: Pick<FleetHomes, 'homeOf' | 'bolts'>
  /** Of this bolt. */
  readonly signer: Signer
  readonly clock: Clock
  /** Hands a record that is stored here to the fleet. */
  readonly announce: (record: SignedRecord) => Promise<void>
}

/** A bolt, with what was said of it. */
export interface RoutedBolt {
  readonly peer: string
  readonly hostname: string
  readonly patterns: readonly string[]
  readonly isDraining: boolean
  /** Envoys whose first bolt it is, whether it is there or not. */
  readonly envoys: number
}

interface Place {
  readonly patterns: readonly string[]
  readonly isDraining: boolean
}

/**
 * Which bolt serves which envoy, as operators change it at any bolt. Resolves when it is stored here and on its way; references are host
 * names, public keys, or prefixes of eight or more digits of one. What holds already is not said again.
 */
export class Routing {
  readonly #options: RoutingOptions
  readonly #mutex = new KeyedMutex()

  constructor(options: RoutingOptions) {
    this.#options = options
  }

  /** The bolts by host name. */
  routingView(): readonly RoutedBolt[] {
    const { roster, homes } = this.#options
    const counts = new Map<string | null, number>()
    for (const member of roster.members()) {
      if (member.role !== 'envoy' || !roster.isMember(member.peer)) continue
      const home = homes.homeOf(member)
      counts.set(home, (counts.get(home) ?? 0) + 1)
    }
    return homes.bolts.map(peer => {
      const hostname = roster.member(peer)?.hostname ?? ''
      return { peer, hostname, ...this.#placeOf(peer), envoys: counts.get(peer) ?? 0 }
    })
  }

  /**
   * The hosts that a bolt serves before others; none: it takes its share of those that nobody's patterns match.
   * @throws SpannerError 'unknown-bolt', 'ambiguous-bolt', 'not-taken'; RoutesError 'bad-pattern'
   */
  async setPatterns(bolt: string, patterns: readonly string[]): Promise<void> {
    const wanted = [...new Set(patterns.map(pattern => pattern.toLowerCase()))].sort()
    requirePatterns(wanted)
    const { peer } = this.#bolt(bolt)
    await this.#change(peer, place => ({ ...place, patterns: wanted }))
  }

  /**
   * Sends the envoys of a bolt to others, or lets them come back.
   * @throws SpannerError 'unknown-bolt', 'ambiguous-bolt', 'not-taken'; 'last-bolt' when nobody would be left to take them
   */
  async setDraining(bolt: string, isDraining: boolean): Promise<void> {
    const { peer, hostname } = this.#bolt(bolt)
    const isLast = this.#options.homes.bolts.every(other => other === peer || this.#placeOf(other).isDraining)
    if (isDraining && isLast && !this.#placeOf(peer).isDraining) {
      throw new SpannerError(
        'last-bolt',
        `${hostname} is the last bolt that is not drained, and nobody would be left to serve its envoys; let another one serve first`,
      )
    }
    await this.#change(peer, place => ({ ...place, isDraining }))
  }

  /**
   * Lets a bolt serve an envoy whatever patterns say; null: patterns decide again.
   * @throws SpannerError 'unknown-bolt', 'ambiguous-bolt', 'unknown-envoy', 'ambiguous-envoy', 'not-taken'
   */
  async reassign(envoy: string, bolt: string | null): Promise<void> {
    const { peer } = this.#envoy(envoy)
    const wanted = bolt === null ? null : this.#bolt(bolt).peer
    const { routes, roster, signer } = this.#options
    await this.#mutex.run(peer, async () => {
      if (routes.pin(peer) === wanted) return
      const statement = { peer, bolt: wanted, ...this.#stamp(peer) }
      await this.#say(await signEnvoyRoute(statement, roster.fleetId, signer))
      if (routes.pin(peer) !== wanted) throw notTaken()
    })
  }

  #placeOf(bolt: string): Place {
    const route = this.#options.routes.bolt(bolt)
    return { patterns: route?.patterns ?? [], isDraining: route?.isDraining ?? false }
  }

  async #change(bolt: string, change: (place: Place) => Place): Promise<void> {
    const { roster, signer } = this.#options
    await this.#mutex.run(bolt, async () => {
      const wanted = change(this.#placeOf(bolt))
      if (isSame(this.#placeOf(bolt), wanted)) return
      await this.#say(await signBoltRoute({ bolt, ...wanted, ...this.#stamp(bolt) }, roster.fleetId, signer))
      if (!isSame(this.#placeOf(bolt), wanted)) throw notTaken()
    })
  }

  #stamp(subject: string): { serial: number; issuedAt: number } {
    const { routes, clock } = this.#options
    return { serial: routes.nextSerial(subject), issuedAt: clock.now() }
  }

  async #say(record: SignedRecord): Promise<void> {
    const { routes, announce } = this.#options
    if ((await routes.offer(record, { sync: true })) === 'new') await announce(record)
  }

  #bolt(reference: string): Member {
    const { roster, homes } = this.#options
    const [found, ...others] = roster.find(reference.toLowerCase()).filter(({ peer }) => roster.isBolt(peer))
    const shown = shownOf(reference)
    if (found === undefined) {
      const names = homes.bolts.map(peer => roster.member(peer)?.hostname).join(', ')
      throw new SpannerError('unknown-bolt', `no bolt of this fleet is called ${shown}; there are ${names}`)
    }
    if (others.length === 0) return found
    throw new SpannerError('ambiguous-bolt', `${shown} names several bolts; give more of the public key`)
  }

  #envoy(reference: string): Member {
    const { roster } = this.#options
    const [found, ...others] = roster.find(reference.toLowerCase()).filter(({ role }) => role === 'envoy')
    const shown = shownOf(reference)
    if (found === undefined) {
      throw new SpannerError('unknown-envoy', `no envoy is called ${shown}; vigocli envoys list shows all`)
    }
    if (others.length === 0) return found
    throw new SpannerError('ambiguous-envoy', `${shown} names several envoys; give more of the public key`)
  }
}

function shownOf(reference: string): string {
  return JSON.stringify(reference.slice(0, 100))
}

function isSame(a: Place, b: Place): boolean {
  return a.isDraining === b.isDraining && a.patterns.join('\n') === b.patterns.join('\n')
}

function notTaken(): SpannerError {
  return new SpannerError(
    'not-taken',
    'it was stated, and something else holds: another bolt said otherwise just now, or clocks differ by minutes; look at the clocks and try again',
  )
}
