import type { FromBolt, FromEnvoy, Still } from '#node/checkin'
import { isAbort, messageOf, TaskGroup } from '#node/kit'
import { ConvergeError, type Secrets } from '../converge/index.ts'
import type { Tasks } from '../tasks/index.ts'
import { Alarm } from './alarm.ts'
import { type CheckInAnswer, startOf, understand } from './answers.ts'
import { splayOf } from './bolts.ts'
import { Dialler, type DiallerOptions } from './dialler.ts'
import { HomeWatch, type HomeWatchOptions } from './home-watch.ts'
import type { BoltLink } from './link.ts'
import { next, wakeAt } from './next.ts'
import { type PassResult, Runs, type RunsOptions } from './runs.ts'
import { SecretValues } from './secret-values.ts'
import { initialState, type LoopAction, type LoopEvent, type LoopState } from './state.ts'
import { type LoopStatus, statusOf } from './status.ts'

const FLUSH_POLL_MS = 20

export interface LoopOptions extends RunsOptions, HomeWatchOptions, DiallerOptions {
  readonly secrets: Secrets
  readonly tasks: (send: (message: FromEnvoy) => Promise<boolean>) => Tasks
}

/**
 * Keeps this machine in the state that its servers want: checks in, applies what it is handed, reports, and goes on with what it
 * has while no server answers. What it does when is decided in `next.ts`; this is what carries it out.
 */
export class EnvoyLoop {
  readonly #options: LoopOptions
  readonly #secretValues: SecretValues
  readonly #runs: Runs
  readonly #tasks: Tasks
  readonly #group: TaskGroup
  readonly #stop = new AbortController()
  readonly #splay: number
  readonly #homeWatch: HomeWatch
  readonly #dialler: Dialler
  readonly #alarm: Alarm
  #state: LoopState = initialState()
  #link: BoltLink | null = null
  #checkedInAt: number | null = null
  #problem = ''
  /** People who wait for a run that they have asked for. */
  #asked = 0
  #unsubscribe: () => void = () => undefined

  constructor(options: LoopOptions) {
    this.#options = options
    this.#secretValues = new SecretValues(options.secrets)
    this.#runs = new Runs(options, this.#secretValues, this.#stop.signal)
    this.#splay = splayOf(options.host.peerId)
    this.#homeWatch = new HomeWatch(options, { linked: () => this.#link?.bolt ?? null, move: () => this.#goHome() })
    this.#dialler = new Dialler(options, this.#homeWatch, this.#stop.signal)
    this.#alarm = new Alarm(options.clock, () => this.#dispatch({ type: 'tick' }))
    this.#tasks = options.tasks(message => this.#sendIfLinked(message))
    this.#group = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.error('loop-failed', { reason: messageOf(error) })
    })
  }

  /** Tells of a run that an earlier process was ended in, and begins. */
  async start(): Promise<void> {
    const { host, bundles, reports, bolts } = this.#options
    await this.#runs.recover()
    this.#unsubscribe = host.onPeer(({ type, peer }) => {
      if (type !== 'connect' || !bolts().includes(peer)) return
      this.#dialler.near(peer)
      this.#dispatch({ type: 'bolt-near' })
    })
    this.#homeWatch.start()
    this.#dispatch({ type: 'start', hasBundle: bundles.current !== null })
    this.#dispatch({ type: 'queue', oldest: reports.oldest })
  }

  /** Ends a run in the middle soon; what it did is written down. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#stop.abort(new ConvergeError('interrupted', 'the agent was stopped'))
    this.#alarm.stop()
    this.#link?.close('the agent was stopped')
    await this.#homeWatch.close()
    await this.#tasks.close()
    await this.#group.settled()
    this.#runs.giveUp('the agent was stopped')
  }

  status(): LoopStatus {
    const { bundles, reports, clock, mode, secrets } = this.#options
    return statusOf({
      state: this.#state,
      checkedInAt: this.#checkedInAt,
      problem: this.#problem,
      lastRun: this.#runs.last,
      runningSince: this.#runs.runningSince,
      bundle: bundles.current,
      queued: reports.size,
      dropped: reports.dropped,
      mode,
      secretsProblem: secrets.problem,
      nowMs: clock.now(),
      monotonicMs: clock.monotonicMs(),
    })
  }

  /** The result of the next run that begins from now on, or why there will be none. */
  nextPass(): Promise<PassResult> {
    return this.#runs.next()
  }

  /** Checks in and runs now; without a server runs from the bundle that is kept. */
  async passNow(): Promise<PassResult> {
    const result = this.#runs.next()
    this.#asked++
    if (this.#state.link.kind === 'online') this.#dispatch({ type: 'called' })
    else if (this.#options.bundles.current === null) this.#runs.giveUp('no server answers, and no bundle is kept here')
    else this.#group.run(() => this.#run(true))
    return result.finally(() => this.#asked--)
  }

  /** What a run would do with the bundle that is kept; told to nobody else. */
  preview(): Promise<PassResult> {
    return this.#runs.preview(this.#sender())
  }

  /** Resolves when no report waits any more. */
  async flushed({ signal }: { signal: AbortSignal }): Promise<void> {
    while (this.#options.reports.size > 0) await this.#options.clock.sleep(FLUSH_POLL_MS, { signal })
  }

  #dispatch(event: EventWithoutTime): void {
    if (this.#stop.signal.aborted) return
    const { clock, random } = this.#options
    const at = clock.monotonicMs()
    const [state, actions] = next(this.#state, { ...event, at }, { splay: this.#splay, random })
    this.#state = state
    for (const action of actions) this.#perform(action)
    this.#alarm.set(wakeAt(this.#state) - clock.monotonicMs())
  }

  #perform(action: LoopAction): void {
    switch (action.type) {
      case 'unlink':
        this.#drop(action.reason)
        break
      case 'leave':
        this.#leave(action.reason)
        break
      case 'dial':
        this.#group.run(() => this.#dial())
        break
      case 'check-in':
        this.#group.run(() => this.#checkIn())
        break
      case 'run':
        this.#group.run(() => this.#run(action.isOffline).finally(() => this.#dispatch({ type: 'run-ended' })))
        break
      case 'send-report':
        this.#group.run(() => this.#sendReport(action.id))
    }
  }

  async #dial(): Promise<void> {
    const opened = await this.#dialler.dial()
    if (typeof opened === 'string') this.#dispatch({ type: 'unlinked', reason: opened })
    else this.#begin(opened)
  }

  #begin(link: BoltLink): void {
    if (this.#stop.signal.aborted) {
      link.close('the agent was stopped')
      return
    }
    this.#link = link
    this.#group.run(() => this.#converse(link))
    this.#options.logger.info('server-connected', { bolt: link.bolt })
    this.#dispatch({ type: 'linked', bolt: link.bolt })
    this.#homeWatch.look()
    this.#tasks.tellWaiting()
  }

  async #converse(link: BoltLink): Promise<void> {
    const reason = await link.read(message => this.#hear(link, message), this.#options.logger)
    if (this.#link !== link) return
    this.#drop(reason)
    this.#dispatch({ type: 'unlinked', reason })
    if (this.#asked > 0 && this.#state.run.kind === 'none') this.#runs.giveUp(`the server is gone: ${reason}`)
  }

  /** To the server that should serve this machine, unless something is under way that the present one alone knows of. */
  #goHome(): void {
    if (this.#tasks.running === 0 && this.#asked === 0) this.#dispatch({ type: 'move' })
  }

  #leave(reason: string): void {
    const link = this.#link
    this.#link = null
    this.#options.logger.info('server-left', { bolt: link?.bolt ?? '', reason })
    link?.close(reason)
  }

  #drop(reason: string): void {
    if (this.#link === null) return
    this.#dialler.lost(this.#link.bolt)
    this.#options.logger.info('server-gone', { bolt: this.#link.bolt, reason })
    this.#link.close(reason)
    this.#link = null
  }

  async #checkIn(): Promise<void> {
    const link = this.#link
    const { traits: collection, bundles } = this.#options
    const { traits, hash } = await collection.collect({ signal: this.#stop.signal })
    if (link === null || link !== this.#link) return
    const bundle = bundles.current
    await link.checkIn({ bundle: bundle?.hash ?? '', release: bundle?.release ?? '', traitsHash: hash }, traits)
  }

  async #hear(link: BoltLink, message: FromBolt): Promise<void> {
    if (link !== this.#link) return
    switch (message.type) {
      case 'still':
      case 'unchanged':
      case 'bundle':
      case 'no-policy':
      case 'refused':
        await this.#hearAnswer(link, message)
        break
      case 'report-stored':
        await this.#hearStored(message)
        break
      case 'secrets':
        this.#secretValues.answered(message)
        break
      case 'check-in-now':
        this.#dispatch({ type: 'called' })
        break
      case 'run-task':
        this.#tasks.order(message.task)
        break
      case 'cancel-task':
        this.#tasks.cancel(message.id)
    }
  }

  async #hearAnswer(link: BoltLink, said: CheckInAnswer | Still): Promise<void> {
    const { bundles, clock, logger } = this.#options
    if (this.#state.link.kind !== 'online' || this.#state.link.checkIn === null) return
    const message = link.answered(said)
    const { answer, problem } = await understand(message, { bundles, secretValues: this.#secretValues })
    if (problem !== '' && problem !== this.#problem) logger.warn('no-bundle', { bolt: link.bolt, reason: problem })
    this.#problem = problem
    this.#dialler.answered(link.bolt)
    this.#checkedInAt = clock.now()
    this.#dispatch({ type: 'answered', answer })
    if (this.#state.run.kind === 'none') this.#runs.giveUp(problem)
  }

  async #hearStored({ run, problem }: Extract<FromBolt, { type: 'report-stored' }>): Promise<void> {
    const { reports, logger } = this.#options
    if (problem !== undefined) logger.warn('report-refused', { run: startOf(run), reason: startOf(problem) })
    await reports.stored(run)
    this.#dispatch({ type: 'queue', oldest: reports.oldest })
  }

  async #sendReport(id: string): Promise<void> {
    const { reports } = this.#options
    const run = await reports.read(id)
    if (run === null) this.#dispatch({ type: 'queue', oldest: reports.oldest })
    else await this.#sendIfLinked({ type: 'report', run })
  }

  async #run(isOffline: boolean): Promise<void> {
    try {
      await this.#runs.run({ isOffline, send: () => this.#sender() })
    } finally {
      this.#dispatch({ type: 'queue', oldest: this.#options.reports.oldest })
    }
  }

  #sender(): ((message: FromEnvoy) => Promise<void>) | null {
    const link = this.#link
    return link === null ? null : message => link.send(message)
  }

  /** False when there is nobody to send it to. */
  async #sendIfLinked(message: FromEnvoy): Promise<boolean> {
    const link = this.#link
    if (link === null) return false
    try {
      await link.send(message)
      return true
    } catch (error) {
      this.#options.logger.debug('not-sent', { type: message.type, reason: messageOf(error) })
      return false
    }
  }
}

type EventWithoutTime = LoopEvent extends infer E ? (E extends LoopEvent ? Omit<E, 'at'> : never) : never
