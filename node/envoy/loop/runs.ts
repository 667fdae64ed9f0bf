import { type FromEnvoy, outcomeOf, type Run } from '#node/checkin'
import { type Clock, KeyedMutex, type Logger, messageOf } from '#node/kit'
import { type Converged, type Journal, type Memory, type RunOrder, recoverRun } from '../converge/index.ts'
import type { TraitCollection } from '../traits/index.ts'
import type { BundleFile } from './bundle-file.ts'
import type { ReportQueue } from './report-queue.ts'
import type { SecretValues } from './secret-values.ts'

export interface RunsOptions {
  readonly bundles: BundleFile
  readonly reports: ReportQueue
  readonly traits: TraitCollection
  readonly memory: Memory
  readonly journal: Journal
  readonly converge: (order: RunOrder, options: { signal: AbortSignal }) => Promise<Converged>
  /** Of every run. */
  readonly mode: Run['mode']
  /** Whether runs are told to the server. */
  readonly isReporting: boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** What came of asking for a run. */
export type PassResult =
  | { readonly kind: 'ran'; readonly converged: Converged }
  | { readonly kind: 'nothing'; readonly reason: string }

type Send = (message: FromEnvoy) => Promise<void>

/** Runs over the bundle that is kept, one at a time; their reports are in the queue before anybody is told. */
export class Runs {
  readonly #options: RunsOptions
  readonly #secretValues: SecretValues
  readonly #signal: AbortSignal
  readonly #mutex = new KeyedMutex()
  #waiters: { readonly from: number; readonly resolve: (result: PassResult) => void }[] = []
  #number = 0
  #last: Converged | null = null
  #runningSince: number | null = null

  constructor(options: RunsOptions, secretValues: SecretValues, signal: AbortSignal) {
    this.#options = options
    this.#secretValues = secretValues
    this.#signal = signal
  }

  get last(): Converged | null {
    return this.#last
  }

  /** By the wall clock; null when none is under way. */
  get runningSince(): number | null {
    return this.#runningSince
  }

  /** The result of the next run that begins from now on, or why there will be none. */
  next(): Promise<PassResult> {
    return new Promise(resolve => this.#waiters.push({ from: this.#number + 1, resolve }))
  }

  /** Those who wait for a run that has not begun are told that there will be none. */
  giveUp(reason: string): void {
    this.#conclude({ kind: 'nothing', reason }, Number.POSITIVE_INFINITY)
  }

  /** `send` reaches the server that is connected when the run begins, or is null. */
  run({ isOffline, send }: { isOffline: boolean; send: () => Send | null }): Promise<void> {
    return this.#mutex.run('run', async () => {
      const { converge, mode, clock } = this.#options
      const number = ++this.#number
      try {
        const bundle = await this.#prepare(send())
        if (bundle === null) return this.#conclude({ kind: 'nothing', reason: 'there is no bundle any more' }, number)
        this.#runningSince = clock.now()
        const converged = await converge({ bundle, mode, offline: isOffline }, { signal: this.#signal })
        await this.#keep(converged)
        this.#conclude({ kind: 'ran', converged }, number)
      } catch (error) {
        await this.recover()
        this.#conclude({ kind: 'nothing', reason: messageOf(error) }, number)
        throw error
      } finally {
        this.#runningSince = null
      }
    })
  }

  /** What a run would do with the bundle that is kept; told to nobody else. */
  preview(send: Send | null): Promise<PassResult> {
    return this.#mutex.run('run', async () => {
      const bundle = await this.#prepare(send)
      if (bundle === null) return { kind: 'nothing', reason: 'there is no bundle to look at' }
      const order = { bundle, mode: 'dry-run', offline: send === null } as const
      return { kind: 'ran', converged: await this.#options.converge(order, { signal: this.#signal }) }
    })
  }

  /** Puts a run that was ended in the middle, by a kill or a fault, among the reports. */
  async recover(): Promise<void> {
    const { journal, memory, reports, isReporting, logger } = this.#options
    const run = await recoverRun(journal, memory)
    if (run === null) return
    logger.warn(
      'run-was-interrupted',
      { run: run.id },
      'the agent was ended in the middle of a run; the next one goes on',
    )
    if (isReporting) await reports.add(run)
    await journal.clear()
  }

  /** What a run needs: traits for conditions, values of secrets. */
  async #prepare(send: Send | null): Promise<RunOrder['bundle'] | null> {
    const { bundles, traits } = this.#options
    const bundle = bundles.current
    if (bundle === null) return null
    const signal = this.#signal
    if (send === null || Object.keys(traits.latest.traits).length === 0) await traits.collect({ signal })
    await this.#secretValues.fetch(bundle, send, { signal })
    return bundle
  }

  async #keep(converged: Converged): Promise<void> {
    const { reports, journal, isReporting, logger } = this.#options
    const { run } = converged
    this.#last = converged
    if (isReporting) await reports.add(run)
    await journal.clear()
    const { id, release, mode, offline, durationMs } = run
    const counts = Object.fromEntries(Object.entries(run.counts).filter(([, count]) => count > 0))
    logger.info('run-done', { run: id, release, mode, offline, durationMs, outcome: outcomeOf(run), ...counts })
  }

  #conclude(result: PassResult, number: number): void {
    const done = this.#waiters.filter(({ from }) => from <= number)
    this.#waiters = this.#waiters.filter(({ from }) => from > number)
    for (const { resolve } of done) resolve(result)
  }
}
