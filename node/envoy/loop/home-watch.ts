import type { Host, PeerId } from '#node/host'
import { type Clock, isAbort, type Logger, messageOf, type Random, TaskGroup } from '#node/kit'
import { Alarm } from './alarm.ts'
import {
  graceLeftMs,
  HOMING_TIMES,
  type Homing,
  type HomingEvent,
  type HomingTimes,
  initialHoming,
  noted,
  stepOf,
} from './homing.ts'

const PROBE_TIMEOUT_MS = 10_000
/** It was not convenient; see `move` in `next.ts`. */
const ASK_AGAIN_MS = 500

export interface HomeWatchOptions {
  readonly host: Host
  /** Bolts that the roster admits, the one that should serve this machine first. */
  readonly bolts: () => readonly PeerId[]
  /** Told when that order may be another one. Returns the unsubscriber. */
  readonly onBolts: (listener: () => void) => () => void
  /** Connects to a member, wherever it is. */
  readonly reach: (peer: PeerId, options: { signal: AbortSignal }) => Promise<unknown>
  readonly homingTimes?: HomingTimes
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Watches the bolt that should serve this machine, and asks to be moved there when another one does. What is decided is in `homing.ts`. */
export class HomeWatch {
  readonly #options: HomeWatchOptions
  readonly #times: HomingTimes
  readonly #linked: () => PeerId | null
  readonly #move: () => void
  readonly #group: TaskGroup
  readonly #stop = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  readonly #alarm: Alarm
  #homing: Homing = initialHoming()
  #isProbing = false

  /** `linked` is the bolt that this machine talks to; `move` is called until that is the home. */
  constructor(options: HomeWatchOptions, { linked, move }: { linked: () => PeerId | null; move: () => void }) {
    this.#options = options
    this.#times = options.homingTimes ?? HOMING_TIMES
    this.#linked = linked
    this.#move = move
    this.#alarm = new Alarm(options.clock, () => this.#act())
    this.#group = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.debug('home-watch-failed', { reason: messageOf(error) })
    })
  }

  start(): void {
    const { host, onBolts } = this.#options
    this.#unsubscribe.push(
      onBolts(() => this.look()),
      host.onPeer(({ type, peer }) => {
        if (peer === this.#homing.home) this.#note({ type: `${type}ed` })
      }),
    )
    this.look()
  }

  get home(): PeerId | null {
    return this.#homing.home
  }

  graceLeftMs(): number {
    return graceLeftMs(this.#homing, this.#options.clock.monotonicMs())
  }

  /** The order of the bolts, or whom this machine talks to, may have changed. */
  look(): void {
    const { bolts, host } = this.#options
    const home = bolts()[0] ?? null
    this.#note({ type: 'order', home, isConnected: home !== null && host.peers().includes(home) })
  }

  /** A bolt has answered a check-in, has gone away in the middle of a conversation, or could not be talked to. */
  note(bolt: PeerId, type: 'answered' | 'lost' | 'failed'): void {
    if (bolt === this.#homing.home) this.#note({ type })
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#stop.abort()
    this.#alarm.stop()
    await this.#group.settled()
  }

  #note(event: EventWithoutTime): void {
    const { clock, random } = this.#options
    this.#homing = noted(this.#homing, { ...event, at: clock.monotonicMs() }, this.#times, random)
    this.#act()
  }

  #act(): void {
    this.#alarm.stop()
    if (this.#stop.signal.aborted) return
    const at = this.#options.clock.monotonicMs()
    const step = stepOf(this.#homing, at, this.#linked(), this.#times)
    if (step.type === 'move') this.#move()
    if (step.type === 'probe') this.#group.run(() => this.#probe())
    if (step.type === 'wait' && step.until === Number.POSITIVE_INFINITY) return
    this.#alarm.set(step.type === 'wait' ? step.until - at : ASK_AGAIN_MS)
  }

  async #probe(): Promise<void> {
    const { reach, logger } = this.#options
    const { home } = this.#homing
    if (this.#isProbing || home === null) return
    this.#isProbing = true
    try {
      await reach(home, { signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]) })
    } catch (error) {
      logger.debug('home-unreachable', { bolt: home, reason: messageOf(error) })
    } finally {
      this.#isProbing = false
      if (home === this.#homing.home) this.#note({ type: 'probed' })
    }
  }
}

type EventWithoutTime = HomingEvent extends infer E ? (E extends HomingEvent ? Omit<E, 'at'> : never) : never
