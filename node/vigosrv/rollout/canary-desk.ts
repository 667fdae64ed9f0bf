import type { HostOutcome } from '#config/publish'
import { type ReleaseHash, shortHash } from '#config/store'
import { codeOf } from '#node/kit'
import type { EnvoyRow, RunSummary } from '../fleet/types.ts'
import type { Staging } from '../policy/types.ts'
import { CanaryWatch } from './canary-watch.ts'
import { RolloutError } from './errors.ts'
import { peersOf, type RolloutOptions, type Takebacks } from './rollout-parts.ts'
import type { RolloutState } from './rollout-state.ts'
import { selectCanaries } from './select-canaries.ts'
import { MONITOR_AUTHOR } from './take-back.ts'
import type { Canary } from './types.ts'

/** An announcement that nothing followed: whoever made it was interrupted. */
const ANNOUNCED_MS = 30 * 60_000
/** More than are ever kept. */
const MAX_UNPROVEN = 100

type Announced = Extract<Canary, { phase: 'announced' }>
type Watching = Extract<Canary, { phase: 'watching' }>

/** A release on trial, from its announcement to its end. All but `Staging` is called from within the state's queue. */
export class CanaryDesk implements Staging {
  readonly #options: RolloutOptions
  readonly #state: RolloutState
  readonly #takebacks: Takebacks
  #watch: CanaryWatch | null = null
  /** Canaries as a set: the policy asks for each host. */
  #hosts: { readonly of: readonly string[]; readonly names: ReadonlySet<string> } = { of: [], names: new Set() }

  constructor(options: RolloutOptions, state: RolloutState, takebacks: Takebacks) {
    this.#options = options
    this.#state = state
    this.#takebacks = takebacks
  }

  /** Called by the policy before the release is in force for anybody: from here on only canaries get it. */
  baseOf(live: ReleaseHash): ReleaseHash | null {
    const { canary } = this.#state.record
    if (canary?.phase === 'announced') return live === canary.base ? null : this.#stage(canary, live)
    if (canary?.phase !== 'watching') return null
    if (live === canary.release) return canary.base
    const reason = `release ${shortHash(live)} went live in its place`
    this.#watch = null
    this.#state.answer({
      canary: ended(canary, 'stopped', this.#options.clock.now(), reason),
      unproven: this.#unprovenWith(live, canary),
    })
    return null
  }

  isCanary(host: string): boolean {
    const { canary } = this.#state.record
    if (canary?.phase !== 'watching') return true
    if (this.#hosts.of !== canary.hosts) this.#hosts = { of: canary.hosts, names: new Set(canary.hosts) }
    return this.#hosts.names.has(host)
  }

  async announce({ selector, by }: { selector: string; by: string }): Promise<Canary> {
    const { canary } = this.#state.record
    if (canary?.phase === 'announced') {
      const message = `${canary.by} has announced a release for ${canary.selector}; publish it, or withdraw that`
      throw new RolloutError('busy', message)
    }
    if (canary?.phase === 'watching') {
      throw new RolloutError('busy', `release ${shortHash(canary.release)} is staged; promote it, or stop it`)
    }
    const { policy, releases, clock } = this.#options
    const base = policy.release
    if (base === null || base !== (await releases.live())) {
      throw new RolloutError('no-base', 'nothing valid is live that the other hosts could keep; publish for everybody')
    }
    selectCanaries(selector, this.#candidates(), base)
    const announced: Canary = { phase: 'announced', selector, base, by, since: clock.now() }
    await this.#state.write({ canary: announced })
    return announced
  }

  async withdraw(): Promise<void> {
    if (this.#state.record.canary?.phase === 'announced') await this.#state.write({ canary: null })
  }

  /** The release that is staged; null when none is. */
  get staged(): Watching | null {
    const { canary } = this.#state.record
    return canary?.phase === 'watching' ? canary : null
  }

  /** @throws RolloutError 'not-staged' */
  requireStaged(): Watching {
    if (this.staged !== null) return this.staged
    throw new RolloutError('not-staged', 'no release is staged; see vigocli config status')
  }

  /** Listens to the canaries, and asks them to be quick. */
  begin({ hosts }: Watching, baseline: ReadonlyMap<string, HostOutcome>): void {
    this.#watch = new CanaryWatch(hosts, baseline)
    this.#push(hosts, 'the host is a canary')
  }

  async report(host: string, { outcome, receivedAt }: RunSummary): Promise<void> {
    const { staged } = this
    if (staged === null || this.#watch?.report(host, outcome, receivedAt) !== true) return
    const { converged, failed } = this.#watch
    await this.#state.write({ canary: { ...staged, converged, failed } })
    // Whether it stays as it is shows in the next run; there is no need to wait for it.
    if (outcome === 'changed') this.#push([host], 'a canary confirms')
  }

  /** Answers the release that is now for everybody. */
  async decide(now: number): Promise<Watching | null> {
    const { staged } = this
    if (staged === null || staged.problem !== undefined || this.#watch === null) return null
    const { harmedPercent } = this.#options.settings()
    const found = this.#watch.decide({ harmedPercent, isOver: now >= staged.until })
    if (found.decision === 'wait') return null
    if (found.decision === 'promote') {
      await this.promote(staged, found.reason)
      await this.#takebacks.note('rollout.promote', staged.release, { reason: found.reason })
      return staged
    }
    if (found.decision === 'ask') await this.#ask(staged, found.reason)
    else if (this.#takebacks.mayTry) await this.#stopByItself(staged, found.reason)
    return null
  }

  async promote(canary: Watching, reason: string): Promise<Canary> {
    const promoted = ended(canary, 'promoted', this.#options.clock.now(), reason)
    await this.#state.write({ canary: promoted })
    this.#watch = null
    return promoted
  }

  /** @throws as `takeBack` */
  async stop(canary: Watching, by: string, reason: string): Promise<Canary> {
    // The other way round a crash between the two would give the release to everybody.
    await this.#takebacks.take(canary.release, canary.base, by, reason)
    const stopped = ended(canary, 'stopped', this.#options.clock.now(), reason)
    const { memory } = this.#state.record
    const failed = [...memory.failed.filter(release => release !== canary.release), canary.release]
    await this.#state.write({
      canary: stopped,
      unproven: this.#unprovenWith(canary.base, canary),
      ...(by === MONITOR_AUTHOR ? { memory: { ...memory, failed } } : {}),
    })
    this.#watch = null
    await this.#options.policy.reload()
    return stopped
  }

  async forgetAnnouncement(now: number): Promise<void> {
    const { canary } = this.#state.record
    if (canary?.phase !== 'announced' || now - canary.since < ANNOUNCED_MS) return
    await this.#state.write({ canary: null })
    this.#options.logger.warn('announcement-expired', { by: canary.by }, 'nothing was published after it')
  }

  async #ask(staged: Watching, problem: string): Promise<void> {
    await this.#state.write({ canary: { ...staged, problem } })
    this.#options.logger.warn('canaries-inconclusive', { release: staged.release }, problem)
    await this.#takebacks.note('rollout.inconclusive', staged.release, { reason: problem })
  }

  async #stopByItself(staged: Watching, reason: string): Promise<void> {
    try {
      await this.stop(staged, MONITOR_AUTHOR, reason)
    } catch (error) {
      if (codeOf(error) !== 'superseded') await this.#takebacks.failed('rollout.stop', staged.release, error)
      return
    }
    await this.#takebacks.note('rollout.stop', staged.release, { reason, to: staged.base })
  }

  #stage({ selector, base, by }: Announced, release: ReleaseHash): ReleaseHash {
    const since = this.#options.clock.now()
    const hosts = this.#chosen(selector, release)
    const until = since + this.#options.settings().windowMs
    // Until this is on disk the announcement is, and comes to the same after a restart.
    this.#state.answer({
      canary: { phase: 'watching', selector, release, base, by, since, hosts, converged: [], failed: [], until },
    })
    return base
  }

  /** The fleet may have changed since the announcement; then nobody gets it, and a person is asked in time. */
  #chosen(selector: string, release: ReleaseHash): string[] {
    try {
      return selectCanaries(selector, this.#candidates(), release)
    } catch (error) {
      if (error instanceof RolloutError) return []
      throw error
    }
  }

  #candidates(): { hostname: string; isTelling: boolean }[] {
    const isTelling = ({ isConnected, lastRun }: EnvoyRow) =>
      isConnected && lastRun?.mode === 'enforce' && lastRun.outcome !== 'failed'
    return this.#options.fleet.rows().map(row => ({ hostname: row.hostname, isTelling: isTelling(row) }))
  }

  #unprovenWith(live: ReleaseHash, { release }: Watching): readonly ReleaseHash[] {
    const others = this.#state.record.unproven.filter(other => other !== release && other !== live)
    return [...others, release].slice(-MAX_UNPROVEN)
  }

  #push(hosts: readonly string[], reason: string): void {
    const { fleet } = this.#options
    fleet.push(peersOf(fleet.rows(), hosts), reason)
  }
}

function ended(canary: Watching, phase: 'promoted' | 'stopped', at: number, reason: string): Canary {
  const { until: _until, problem: _problem, ...staged } = canary
  return { ...staged, phase, at, reason }
}
