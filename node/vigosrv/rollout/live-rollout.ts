import { treeChecker } from '#config/publish'
import type { FleetEvent, RunSummary } from '../fleet/types.ts'
import { CanaryDesk } from './canary-desk.ts'
import { ReleaseWatch } from './release-watch.ts'
import { type RolloutOptions, Takebacks } from './rollout-parts.ts'
import { RolloutState } from './rollout-state.ts'
import type { Watched } from './rollout-store.ts'
import type { Canary, Rollout, RolloutStatus } from './types.ts'

const TICK_MS = 5_000

export interface LiveRollout extends Rollout {
  /** Does what is due by now; it is also done by itself, every few seconds. */
  tick(): Promise<void>
  close(): Promise<void>
}

/**
 * Decides from now on who gets which release, and judges what is live. Open it before the first host is answered.
 *
 * @throws ReleaseError 'no-release', PolicyError 'bad-policy' when a release is staged and the one that other hosts keep cannot be had:
 * they would all get the staged one otherwise
 */
export async function createRollout(options: RolloutOptions): Promise<LiveRollout> {
  const stop = new AbortController()
  const state = new RolloutState({
    db: options.db,
    onChange: () => options.onChange?.(),
    onFault: (doing, error) => {
      if (stop.signal.aborted) return
      options.logger.error('rollout-fault', { doing, error }, 'the release in force stays as it is')
    },
  })
  await state.load()
  const rollout = new RolloutKeeper(options, state, stop)
  await rollout.start()
  return rollout
}

class RolloutKeeper implements LiveRollout {
  readonly #options: RolloutOptions
  readonly #state: RolloutState
  readonly #stop: AbortController
  readonly #canaries: CanaryDesk
  readonly #watch: ReleaseWatch
  readonly #unsubscribe: (() => void)[] = []

  constructor(options: RolloutOptions, state: RolloutState, stop: AbortController) {
    this.#options = options
    this.#state = state
    this.#stop = stop
    const takebacks = new Takebacks(options, options.checker ?? treeChecker(), stop.signal)
    this.#canaries = new CanaryDesk(options, state, takebacks)
    this.#watch = new ReleaseWatch(options, state, takebacks)
  }

  async start(): Promise<void> {
    const { policy, fleet, tickMs = TICK_MS } = this.#options
    await policy.stageBy(this.#canaries)
    await this.#state.run(async () => await this.#resume())
    this.#unsubscribe.push(
      policy.onChange(() => this.#liveChanged()),
      fleet.onEvent(event => this.#hear(event)),
    )
    // It may have changed between the two.
    this.#liveChanged()
    const timer = setInterval(() => void this.tick(), tickMs)
    timer.unref()
    this.#unsubscribe.push(() => clearInterval(timer))
  }

  async close(): Promise<void> {
    for (const end of this.#unsubscribe) end()
    this.#stop.abort(new Error('the server is stopping'))
    await this.#state.idle()
  }

  status(): RolloutStatus {
    const { canary, verdicts } = this.#state.record
    return { monitor: this.#watch.phase, canary, verdicts }
  }

  async announce(request: { selector: string; by: string }): Promise<Canary> {
    return await this.#state.run(async () => await this.#canaries.announce(request))
  }

  async withdraw(): Promise<void> {
    await this.#state.run(async () => await this.#canaries.withdraw())
  }

  async promote({ by, reason }: { by: string; reason: string }): Promise<Canary> {
    return await this.#state.run(async () => {
      const words = reason === '' ? `promoted by ${by}` : reason
      const promoted = await this.#canaries.promote(this.#canaries.requireStaged(), words)
      await this.#forEverybody()
      return promoted
    })
  }

  async stop({ by, reason }: { by: string; reason: string }): Promise<Canary> {
    return await this.#state.run(async () => {
      const words = reason === '' ? 'stopped by hand' : reason
      return await this.#canaries.stop(this.#canaries.requireStaged(), by, words)
    })
  }

  async tick(): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#state.post('tick', async () => await this.#doDue().finally(done.resolve))
    await done.promise
  }

  /** After a start: the state as it was, and what hosts reported since. */
  async #resume(): Promise<void> {
    const { release } = this.#options.policy
    const { watched } = this.#state.record
    if (release === null) return
    if (watched?.release !== release) {
      return this.#begin(await this.#watch.released(release, this.#watch.baseline(release), this.#now()))
    }
    this.#begin(watched)
    for (const { hostname, lastRun } of this.#options.fleet.rows()) {
      if (lastRun !== null && lastRun.receivedAt >= watched.time) await this.#reported(hostname, lastRun)
    }
  }

  #liveChanged(): void {
    const { release } = this.#options.policy
    if (release === null) return
    // Before any host reports on it.
    const baseline = this.#watch.baseline(release)
    const time = this.#now()
    this.#state.post('released', async () => {
      const isNews = release === this.#options.policy.release && release !== this.#state.record.watched?.release
      if (isNews) this.#begin(await this.#watch.released(release, baseline, time))
    })
  }

  /** A staged release is judged by its canaries, and by the monitor from its promotion on. */
  #begin(watched: Watched): void {
    const { staged } = this.#canaries
    if (staged?.release === watched.release) {
      this.#watch.rest()
      this.#canaries.begin(staged, new Map(Object.entries(watched.baseline)))
    } else this.#watch.judge(watched)
    this.#options.onChange?.()
  }

  /** The monitor's window begins when everybody gets it; how hosts were before does not change. */
  async #forEverybody(): Promise<void> {
    const { watched } = this.#state.record
    const { policy } = this.#options
    if (watched !== null && watched.release === policy.release) {
      const since = { ...watched, time: this.#now() }
      await this.#state.write({ watched: since })
      this.#watch.judge(since)
    }
    await policy.restage()
  }

  #hear(event: FleetEvent): void {
    if (event.type !== 'run') return
    const { row, run } = event
    this.#state.post('reported', async () => await this.#reported(row.hostname, run))
  }

  async #reported(host: string, run: RunSummary): Promise<void> {
    const { watched } = this.#state.record
    if (watched === null || run.mode !== 'enforce' || run.release !== watched.release) return
    // Kept by the envoy while no server answered: of the time when the same release was live before.
    if (run.offline && run.startedAt < watched.time) return
    if (this.#canaries.staged === null) return await this.#watch.report(host, run)
    await this.#canaries.report(host, run)
    await this.#judgeCanaries()
  }

  async #judgeCanaries(): Promise<void> {
    if ((await this.#canaries.decide(this.#now())) !== null) await this.#forEverybody()
  }

  async #doDue(): Promise<void> {
    const now = this.#now()
    await this.#canaries.forgetAnnouncement(now)
    const { release } = this.#options.policy
    // What could not be written when it went live.
    if (release !== null && release !== this.#state.record.watched?.release) {
      this.#begin(await this.#watch.released(release, this.#watch.baseline(release), now))
    }
    await this.#judgeCanaries()
    await this.#watch.tick(now)
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
