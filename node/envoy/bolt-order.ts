import { type PeerId, publicKeyOf } from '#node/host'
import { toHex } from '#node/kit'
import { type Member, peerIdOfMember } from '#node/member'
import { boltsFor } from '#swarm/routes'

/** The bolts in the order in which they should serve this machine, by roster and routes; remembered until one of those changes. */
export class BoltOrder {
  readonly #member: Pick<Member, 'roster' | 'routes' | 'host' | 'self'>
  readonly #self: string
  readonly #listeners = new Set<() => void>()
  #order: readonly PeerId[] | null = null

  constructor(member: Pick<Member, 'roster' | 'routes' | 'host' | 'self'>) {
    const { roster, routes, host } = member
    this.#member = member
    this.#self = toHex(publicKeyOf(host.peerId))
    roster.onChange(({ peer }) => {
      if (peer === this.#self || roster.member(peer)?.role === 'bolt') this.#forget()
    })
    routes.onChange(change => {
      if (change.kind === 'bolt' || change.peer === this.#self) this.#forget()
    })
  }

  bolts(): readonly PeerId[] {
    this.#order ??= this.#ordered()
    return this.#order
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #ordered(): readonly PeerId[] {
    const { roster, routes, self } = this.#member
    const bolts = roster.members().filter(({ peer }) => roster.isBolt(peer))
    // The name that it was admitted under is the one by which servers judge, too.
    const hostname = roster.member(this.#self)?.hostname ?? self.hostname
    const order = boltsFor(
      { peer: this.#self, hostname },
      bolts.map(({ peer }) => peer),
      routes,
    )
    return order.map(peerIdOfMember)
  }

  #forget(): void {
    this.#order = null
    for (const listener of this.#listeners) listener()
  }
}
