import { type HostOutcome, type MonitorPhase, RollbackMonitor, type Verdict } from '#config/publish'
import type { ReleaseHash } from '#config/store'
import { codeOf } from '#node/kit'
import type { RunSummary } from '../fleet/types.ts'
import type { RolloutOptions, Takebacks } from './rollout-parts.ts'
import type { RolloutState } from './rollout-state.ts'
import type { TimedVerdict, Watched } from './rollout-store.ts'
import { MONITOR_AUTHOR } from './take-back.ts'

/** After which the machine gives up what it could not do. */
const GIVE_UP_MS = 3600_000
const MAX_VERDICTS = 100
const MAX_CANDIDATES = 20

/** The release that is live, what hosts make of it, and the verdict. Called from within the state's queue. */
export class ReleaseWatch {
  readonly #options: RolloutOptions
  readonly #state: RolloutState
  readonly #takebacks: Takebacks
  #monitor: RollbackMonitor

  constructor(options: RolloutOptions, state: RolloutState, takebacks: Takebacks) {
    this.#options = options
    this.#state = state
    this.#takebacks = takebacks
    this.#monitor = new RollbackMonitor(options.settings(), state.record.memory)
  }

  get phase(): MonitorPhase {
    const { phase } = this.#monitor
    const verdict = phase.phase === 'idle' ? this.#knownVerdict : undefined
    return verdict === undefined ? phase : { phase: 'decided', verdict }
  }

  /** How each host was with whatever it had before this release. */
  baseline(release: ReleaseHash | null): ReadonlyMap<string, HostOutcome> {
    const baseline = new Map<string, HostOutcome>()
    for (const { hostname, lastRun } of this.#options.fleet.rows()) {
      if (lastRun !== null && lastRun.mode === 'enforce' && lastRun.release !== release) {
        baseline.set(hostname, lastRun.outcome)
      }
    }
    return baseline
  }

  /** Another release is in force. */
  async released(release: ReleaseHash, baseline: ReadonlyMap<string, HostOutcome>, time: number): Promise<Watched> {
    const { entries } = await this.#options.releases.history({ limit: 10 * MAX_CANDIDATES })
    const own = entries.findIndex(entry => entry.release === release)
    const { canary } = this.#state.record
    const isStaged = canary?.phase === 'watching' && canary.release === release
    // What is published for everybody is no longer on trial.
    const unproven = this.#state.record.unproven.filter(other => isStaged || other !== release)
    const candidates = [...new Set(entries.slice(own + 1).map(entry => entry.release))]
      .filter(candidate => candidate !== release && !unproven.includes(candidate))
      .slice(0, MAX_CANDIDATES)
    const by = entries[own]?.author === MONITOR_AUTHOR ? 'monitor' : 'operator'
    const watched: Watched = { release, by, time, candidates, baseline: Object.fromEntries(baseline) }
    await this.#state.write({ watched, unproven })
    return watched
  }

  /** Judges from now on. The very first release has nothing before it, and each gets one verdict. */
  judge({ release, by, time, candidates, baseline }: Watched): void {
    this.rest()
    const isJudged = this.#options.judges?.(release) ?? true
    if (candidates.length === 0 || !isJudged || this.#knownVerdict !== undefined) return
    this.#monitor.released({ release, by, time, candidates, baseline: new Map(Object.entries(baseline)) })
  }

  /** Judges nothing: canaries do. */
  rest(): void {
    this.#monitor = new RollbackMonitor(this.#options.settings(), this.#state.record.memory)
  }

  async report(host: string, { release, outcome, receivedAt }: RunSummary): Promise<void> {
    const verdict = this.#monitor.report({ host, release, outcome, time: receivedAt })
    if (verdict !== undefined) await this.#concluded(verdict)
  }

  async tick(now: number): Promise<void> {
    const verdict = this.#monitor.tick(now)
    const { due } = this.#state.record
    if (verdict !== undefined) await this.#concluded(verdict)
    else if (due !== null && this.#takebacks.mayTry) await this.#carryOut(due)
  }

  /** Of the release that is watched, from before a restart. */
  get #knownVerdict(): TimedVerdict | undefined {
    const { verdicts, watched } = this.#state.record
    const [newest] = verdicts
    return watched !== null && newest?.release === watched.release && newest.at >= watched.time ? newest : undefined
  }

  async #concluded(verdict: Verdict): Promise<void> {
    const timed: TimedVerdict = { ...verdict, at: this.#options.clock.now() }
    const verdicts = [timed, ...this.#state.record.verdicts].slice(0, MAX_VERDICTS)
    const due = verdict.verdict === 'rollback' ? timed : this.#state.record.due
    // Together: a rollback that is decided is counted, and is done even if the server ends here.
    await this.#state.write({ verdicts, memory: this.#monitor.memory, due })
    const level = verdict.verdict === 'healthy' ? 'info' : 'warn'
    const { release } = verdict
    this.#options.logger[level]('release-judged', { release, verdict: verdict.verdict }, verdict.reason)
    if (due === timed) await this.#carryOut(timed)
  }

  async #carryOut(due: TimedVerdict): Promise<void> {
    if (due.verdict !== 'rollback') return await this.#state.write({ due: null })
    const { release, to, reason } = due
    try {
      await this.#takebacks.take(release, to, MONITOR_AUTHOR, reason)
    } catch (error) {
      return await this.#notDone(due, error)
    }
    await this.#state.write({ due: null })
    await this.#options.policy.reload()
    await this.#takebacks.note('config.rollback', release, { reason, to })
  }

  async #notDone(due: TimedVerdict, error: unknown): Promise<void> {
    const code = codeOf(error)
    if (code === 'superseded' || code === 'already-live') return await this.#state.write({ due: null })
    await this.#takebacks.failed('config.rollback', due.release, error)
    const isHopeless = code === 'not-valid' || code === 'no-release' || code === 'damaged'
    if (isHopeless || this.#options.clock.now() - due.at >= GIVE_UP_MS) await this.#state.write({ due: null })
  }
}
