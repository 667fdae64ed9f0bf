import type { PeerId } from '#node/host'
import { Deadline, messageOf } from '#node/kit'
import { boltsInOrder } from './bolts.ts'
import type { HomeWatch, HomeWatchOptions } from './home-watch.ts'
import { BoltLink } from './link.ts'
import { backoffMs } from './next.ts'

/** For one round over the bolts; who was not tried in it comes first in the next. */
const DIAL_MS = 30_000

export interface DiallerOptions extends Omit<HomeWatchOptions, 'onBolts' | 'homingTimes'> {
  readonly version: string
  /** How long a dial waits for neighbours to connect to a server before it tries by itself: they know the addresses. */
  readonly neighboursMs: number
}

/** Finds a bolt that talks to this machine: the home that was lost while there is grace for it, then the others in their order. */
export class Dialler {
  readonly #options: DiallerOptions
  readonly #homeWatch: HomeWatch
  readonly #signal: AbortSignal
  /** Bolts that did not answer, in the order of their failures. */
  readonly #failed = new Set<PeerId>()

  /** The signal ends every dial. */
  constructor(options: DiallerOptions, homeWatch: HomeWatch, signal: AbortSignal) {
    this.#options = options
    this.#homeWatch = homeWatch
    this.#signal = signal
  }

  /** A conversation that has begun, or why nobody talks to this machine. Rejects only when the signal fires. */
  async dial(): Promise<BoltLink | string> {
    const { host, bolts } = this.#options
    await this.#neighbours()
    const home = await this.#awaitHome()
    if (home !== null) return home
    using deadline = new Deadline(DIAL_MS, 'reaching a server', this.#signal)
    const order = boltsInOrder({ bolts: bolts(), connected: new Set(host.peers()), failed: this.#failed })
    let reason = 'no server of this fleet is known yet'
    for (const bolt of order) {
      if (deadline.signal.aborted) break
      const opened = await this.#open(bolt, deadline.signal)
      if (typeof opened !== 'string') return opened
      reason = opened
    }
    return reason
  }

  /** The bolt is connected again, whatever was wrong before. */
  near(bolt: PeerId): void {
    this.#failed.delete(bolt)
  }

  /** The bolt has answered a check-in: all are tried in their order from now on. */
  answered(bolt: PeerId): void {
    this.#failed.clear()
    this.#homeWatch.note(bolt, 'answered')
  }

  /** The conversation with the bolt has ended, and not because this machine wanted so. */
  lost(bolt: PeerId): void {
    this.#fail(bolt)
    this.#homeWatch.note(bolt, 'lost')
  }

  /** Tries again and again to reach the home that was lost, until others may be asked. */
  async #awaitHome(): Promise<BoltLink | null> {
    const { clock, random, bolts } = this.#options
    for (let attempt = 0; ; attempt++) {
      const { home } = this.#homeWatch
      const leftMs = this.#homeWatch.graceLeftMs()
      if (home === null || leftMs === 0 || bolts().length < 2) return null
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(Math.ceil(leftMs))])
      const opened = await this.#open(home, signal)
      if (typeof opened !== 'string') return opened
      const waitMs = Math.min(this.#homeWatch.graceLeftMs(), backoffMs(attempt, 0, random))
      await clock.sleep(waitMs, { signal: this.#signal })
    }
  }

  /** Begins a conversation; otherwise why there is none. */
  async #open(bolt: PeerId, signal: AbortSignal): Promise<BoltLink | string> {
    const { host, reach, version, logger } = this.#options
    try {
      if (!host.peers().includes(bolt)) await reach(bolt, { signal })
      return await BoltLink.open(host, bolt, version, { signal })
    } catch (error) {
      const reason = messageOf(error)
      if (this.#signal.aborted) return reason
      this.#fail(bolt)
      this.#homeWatch.note(bolt, 'failed')
      logger.debug('server-unreachable', { bolt, reason })
      return reason
    }
  }

  async #neighbours(): Promise<void> {
    const { host, bolts, clock, neighboursMs } = this.#options
    const isNear = (): boolean => host.peers().some(peer => bolts().includes(peer))
    if (neighboursMs === 0 || isNear()) return
    const near = new AbortController()
    const unsubscribe = host.onPeer(() => isNear() && near.abort())
    const signal = AbortSignal.any([near.signal, this.#signal])
    await clock.sleep(neighboursMs, { signal }).catch(() => undefined)
    unsubscribe()
  }

  #fail(bolt: PeerId): void {
    this.#failed.delete(bolt)
    this.#failed.add(bolt)
  }
}
