import type { Level } from 'level'
import {
  type HostOutcome,
  type MonitorSettings,
  RollbackMonitor,
  type TreeChecker,
  treeChecker,
  type Verdict,
} from '#config/publish'
import { type ReleaseHash, type Releases, shortHash } from '#config/store'
import type { Audit, AuditEvent } from '#node/audit'
import { type Clock, codeOf, type Logger, messageOf } from '#node/kit'
import type { EnvoyRow, FleetControl, FleetEvent, FleetView, RunSummary } from '../fleet/types.ts'
import type { Policy, Staging } from '../policy/types.ts'
import { CanaryWatch } from './canary-watch.ts'
import { RolloutError } from './errors.ts'
import { type RolloutRecord, RolloutStore, type TimedVerdict, type Watched } from './rollout-store.ts'
import { selectCanaries } from './select-canaries.ts'
import { MONITOR_AUTHOR, takeBack } from './take-back.ts'
import type { Canary, Rollout, RolloutStatus } from './types.ts'

const TICK_MS = 5_000
/** Between two attempts of a rollback that did not work. */
const RETRY_MS = 30_000
/** After which the machine gives up what it could not do. */
const GIVE_UP_MS = 3600_000
/** An announcement that nothing followed: whoever made it was interrupted. */
const ANNOUNCED_MS = 30 * 60_000
const MAX_VERDICTS = 100
const MAX_CANDIDATES = 20
/** More than are ever kept. */
const MAX_UNPROVEN = 100

export interface RolloutOptions {
  readonly db: Level
  readonly clock: Clock
  readonly logger: Logger
  readonly releases: Releases
  readonly policy: Policy
  readonly fleet: Pick<FleetView, 'rows' | 'onEvent'> & FleetControl
  readonly audit: Audit
  /** Asked anew for each release. */
  readonly settings: () => MonitorSettings
  readonly checker?: TreeChecker
  /** Called after each change of what `status` answers. */
  readonly onChange?: () => void
  readonly tickMs?: number
}

export interface LiveRollout extends Rollout {
  /** What is due by now; it is also done by itself, every few seconds. */
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
  const store = new RolloutStore(options.db)
  const rollout = new RolloutKeeper(options, store, await store.read())
  await rollout.start()
  return rollout
}

type Watching = Extract<Canary, { phase: 'watching' }>

class RolloutKeeper implements LiveRollout, Staging {
  readonly #options: RolloutOptions
  readonly #store: RolloutStore
  readonly #checker: TreeChecker
  readonly #stop = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  #record: RolloutRecord
  #monitor: RollbackMonitor
  #settings: MonitorSettings
  #canaries: CanaryWatch | null = null
  /** Everything that changes something, one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  /** Canaries as a set: the policy asks for each host. */
  #hosts: { readonly of: readonly string[]; readonly names: ReadonlySet<string> } = { of: [], names: new Set() }
  #retryAt = 0
  #lastFault = ''

  constructor(options: RolloutOptions, store: RolloutStore, record: RolloutRecord) {
    this.#options = options
    this.#store = store
    this.#record = record
    this.#checker = options.checker ?? treeChecker()
    this.#settings = options.settings()
    this.#monitor = new RollbackMonitor(this.#settings, record.memory)
  }

  async start(): Promise<void> {
    const { policy, fleet, tickMs = TICK_MS } = this.#options
    await policy.stageBy(this)
    await this.#enqueue(async () => await this.#resume())
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
    await this.#queue
  }

  status(): RolloutStatus {
    const { canary, verdicts } = this.#record
    const verdict = this.#monitor.phase.phase === 'idle' ? this.#knownVerdict : undefined
    const monitor = verdict === undefined ? this.#monitor.phase : { phase: 'decided' as const, verdict }
    return { monitor, canary, verdicts }
  }

  /** Called by the policy before the release is in force for anybody: from here on only canaries get it. */
  baseOf(live: ReleaseHash): ReleaseHash | null {
    const { canary } = this.#record
    if (canary?.phase === 'announced') return live === canary.base ? null : this.#stage(canary, live)
    if (canary?.phase !== 'watching') return null
    if (live === canary.release) return canary.base
    const reason = `release ${shortHash(live)} went live in its place`
    this.#canaries = null
    this.#change({ canary: ended(canary, 'stopped', this.#now(), reason), unproven: this.#unprovenWith(live, canary) })
    return null
  }

  isCanary(host: string): boolean {
    const { canary } = this.#record
    if (canary?.phase !== 'watching') return true
    if (this.#hosts.of !== canary.hosts) this.#hosts = { of: canary.hosts, names: new Set(canary.hosts) }
    return this.#hosts.names.has(host)
  }

  async announce({ selector, by }: { selector: string; by: string }): Promise<Canary> {
    return await this.#enqueue(async () => {
      const { canary } = this.#record
      if (canary?.phase === 'announced') {
        throw new RolloutError(
          'busy',
          `${canary.by} has announced a release for ${canary.selector}; publish it, or withdraw that`,
        )
      }
      if (canary?.phase === 'watching') {
        throw new RolloutError('busy', `release ${shortHash(canary.release)} is staged; promote it, or stop it`)
      }
      const base = this.#options.policy.release
      if (base === null || base !== (await this.#options.releases.live())) {
        throw new RolloutError(
          'no-base',
          'nothing valid is live that the other hosts could keep; publish for everybody',
        )
      }
      selectCanaries(selector, this.#candidates(), base)
      const announced: Canary = { phase: 'announced', selector, base, by, since: this.#now() }
      await this.#write({ canary: announced })
      return announced
    })
  }

  async withdraw(): Promise<void> {
    await this.#enqueue(async () => {
      if (this.#record.canary?.phase === 'announced') await this.#write({ canary: null })
    })
  }

  async promote(request: { by: string; reason: string }): Promise<Canary> {
    return await this.#enqueue(async () => await this.#promote(this.#staged(), request))
  }

  async stop(request: { by: string; reason: string }): Promise<Canary> {
    return await this.#enqueue(async () => {
      const { by, reason } = request
      return await this.#takeCanaryBack(this.#staged(), by, reason === '' ? 'stopped by hand' : reason)
    })
  }

  async tick(): Promise<void> {
    await this.#enqueue(async () => await this.#doDue()).catch((error: unknown) => this.#fault('tick', error))
  }

  // What hosts and operators do to the release that is live.

  /** After a start: the state as it was, and what hosts reported since. */
  async #resume(): Promise<void> {
    const { watched } = this.#record
    const { release } = this.#options.policy
    if (watched === null || watched.release !== release)
      return await this.#released(this.#baseline(release), this.#now())
    this.#watch(watched)
    for (const { hostname, lastRun } of this.#options.fleet.rows()) {
      if (lastRun !== null && lastRun.receivedAt >= watched.time) await this.#reported(hostname, lastRun)
    }
  }

  #liveChanged(): void {
    const { release } = this.#options.policy
    // Before any host reports on it.
    const baseline = this.#baseline(release)
    const time = this.#now()
    void this.#enqueue(async () => {
      if (release === this.#options.policy.release && release !== this.#record.watched?.release) {
        await this.#released(baseline, time)
      }
    }).catch((error: unknown) => this.#fault('released', error))
  }

  async #released(baseline: ReadonlyMap<string, HostOutcome>, time: number): Promise<void> {
    const { policy, releases } = this.#options
    const { release } = policy
    if (release === null) return
    const { entries } = await releases.history({ limit: 10 * MAX_CANDIDATES })
    const own = entries.findIndex(entry => entry.release === release)
    const older = entries.slice(own + 1).map(entry => entry.release)
    const isStaged = this.#record.canary?.phase === 'watching' && this.#record.canary.release === release
    // What is published for everybody is no longer on trial.
    const unproven = isStaged ? this.#record.unproven : this.#record.unproven.filter(other => other !== release)
    const candidates = [...new Set(older)]
      .filter(candidate => candidate !== release && !unproven.includes(candidate))
      .slice(0, MAX_CANDIDATES)
    const by = entries[own]?.author === MONITOR_AUTHOR ? 'monitor' : 'operator'
    const watched: Watched = { release, by, time, candidates, baseline: Object.fromEntries(baseline) }
    await this.#write({ watched, unproven })
    this.#watch(watched)
  }

  /** A staged release is judged by its canaries, and by the monitor from its promotion on. The very first release has nothing before it. */
  #watch({ release, by, time, candidates, baseline }: Watched): void {
    const before = new Map(Object.entries(baseline))
    this.#settings = this.#options.settings()
    this.#monitor = new RollbackMonitor(this.#settings, this.#record.memory)
    const { canary } = this.#record
    if (canary?.phase === 'watching' && canary.release === release) {
      this.#canaries = new CanaryWatch(canary.hosts, before)
      this.#options.fleet.push(this.#peersOf(canary.hosts), 'the host is a canary')
    } else {
      this.#canaries = null
      const isFirst = candidates.length === 0
      if (!isFirst && this.#knownVerdict === undefined) {
        this.#monitor.released({ release, by, time, candidates, baseline: before })
      }
    }
    this.#options.onChange?.()
  }

  #hear(event: FleetEvent): void {
    if (event.type !== 'run') return
    void this.#enqueue(async () => await this.#reported(event.row.hostname, event.run)).catch((error: unknown) =>
      this.#fault('reported', error),
    )
  }

  async #reported(host: string, run: RunSummary): Promise<void> {
    const { watched } = this.#record
    if (watched === null || run.mode !== 'enforce' || run.release !== watched.release) return
    // Kept by the envoy while no server answered: of the time when the same release was live before.
    if (run.offline && run.startedAt < watched.time) return
    const { outcome, receivedAt } = run
    const { canary } = this.#record
    if (canary?.phase === 'watching' && this.#canaries?.report(host, outcome, receivedAt) === true) {
      const { converged, failed } = this.#canaries
      await this.#write({ canary: { ...canary, converged, failed } })
      // Whether it stays as it is shows in the next run; there is no need to wait for it.
      if (outcome === 'changed') this.#options.fleet.push(this.#peersOf([host]), 'a canary confirms')
      return await this.#judgeCanaries()
    }
    const verdict = this.#monitor.report({ host, release: run.release, outcome, time: receivedAt })
    if (verdict !== undefined) await this.#concluded(verdict)
  }

  /** Of the release that is watched, from before a restart. */
  get #knownVerdict(): TimedVerdict | undefined {
    const { verdicts, watched } = this.#record
    const [newest] = verdicts
    return watched !== null && newest?.release === watched.release && newest.at >= watched.time ? newest : undefined
  }

  // What is due.

  async #doDue(): Promise<void> {
    const now = this.#now()
    const { canary, due } = this.#record
    if (canary?.phase === 'announced' && now - canary.since >= ANNOUNCED_MS) {
      await this.#write({ canary: null })
      this.#options.logger.warn('announcement-expired', { by: canary.by }, 'nothing was published after it')
    }
    const { release } = this.#options.policy
    if (release !== null && release !== this.#record.watched?.release)
      await this.#released(this.#baseline(release), now)
    await this.#judgeCanaries()
    const verdict = this.#monitor.tick(now)
    if (verdict !== undefined) await this.#concluded(verdict)
    else if (due !== null && now >= this.#retryAt) await this.#carryOut(due)
  }

  async #judgeCanaries(): Promise<void> {
    const { canary } = this.#record
    if (canary?.phase !== 'watching' || canary.problem !== undefined || this.#canaries === null) return
    const now = this.#now()
    const { harmedPercent } = this.#settings
    const found = this.#canaries.decide({ harmedPercent, isOver: now >= canary.until })
    switch (found.decision) {
      case 'wait':
        return
      case 'promote':
        await this.#promote(canary, { by: MONITOR_AUTHOR, reason: found.reason })
        return
      case 'ask':
        await this.#write({ canary: { ...canary, problem: found.reason } })
        this.#options.logger.warn('canaries-inconclusive', { release: canary.release, reason: found.reason })
        return await this.#note('rollout.inconclusive', canary.release, 'done', { reason: found.reason })
      case 'stop':
        if (now >= this.#retryAt) await this.#stopByItself(canary, found.reason)
    }
  }

  async #stopByItself(canary: Watching, reason: string): Promise<void> {
    try {
      await this.#takeCanaryBack(canary, MONITOR_AUTHOR, reason)
      await this.#note('rollout.stop', canary.release, 'done', { reason, to: canary.base })
    } catch (error) {
      if (codeOf(error) === 'superseded') return
      await this.#failed('rollout.stop', canary.release, error)
    }
  }

  async #concluded(verdict: Verdict): Promise<void> {
    const timed: TimedVerdict = { ...verdict, at: this.#now() }
    const verdicts = [timed, ...this.#record.verdicts].slice(0, MAX_VERDICTS)
    const due = verdict.verdict === 'rollback' ? timed : this.#record.due
    // Together: a rollback that is decided is counted, and is done even if the server ends here.
    await this.#write({ verdicts, memory: this.#monitor.memory, due })
    const level = verdict.verdict === 'healthy' ? 'info' : 'warn'
    this.#options.logger[level](
      'release-judged',
      { release: verdict.release, verdict: verdict.verdict },
      verdict.reason,
    )
    if (due === timed) await this.#carryOut(timed)
  }

  async #carryOut(due: TimedVerdict): Promise<void> {
    if (due.verdict !== 'rollback') return await this.#write({ due: null })
    const { release, to, reason } = due
    try {
      await this.#takeBack(release, to, MONITOR_AUTHOR, reason)
      await this.#note('config.rollback', release, 'done', { reason, to })
      await this.#write({ due: null })
      await this.#options.policy.reload()
    } catch (error) {
      const code = codeOf(error)
      if (code === 'superseded' || code === 'already-live') return await this.#write({ due: null })
      await this.#failed('config.rollback', release, error)
      const isHopeless = code === 'not-valid' || code === 'no-release' || code === 'damaged'
      if (isHopeless || this.#now() - due.at >= GIVE_UP_MS) await this.#write({ due: null })
    }
  }

  // Edges of a staged release.

  #stage(announced: Extract<Canary, { phase: 'announced' }>, release: ReleaseHash): ReleaseHash {
    const { selector, base, by } = announced
    const since = this.#now()
    const hosts = this.#chosen(selector, release)
    const until = since + this.#options.settings().windowMs
    // Until this is on disk the announcement is, and comes to the same after a restart.
    this.#change({
      canary: { phase: 'watching', selector, release, base, by, since, hosts, converged: [], failed: [], until },
    })
    return base
  }

  /** The fleet may have changed since the announcement; then nobody gets it, and the operator is asked in time. */
  #chosen(selector: string, release: ReleaseHash): string[] {
    try {
      return selectCanaries(selector, this.#candidates(), release)
    } catch (error) {
      if (error instanceof RolloutError) return []
      throw error
    }
  }

  #unprovenWith(live: ReleaseHash, { release }: Watching): readonly ReleaseHash[] {
    const others = this.#record.unproven.filter(other => other !== release && other !== live)
    return [...others, release].slice(-MAX_UNPROVEN)
  }

  #staged(): Watching {
    const { canary } = this.#record
    if (canary?.phase === 'watching') return canary
    throw new RolloutError('not-staged', 'no release is staged; see vigocli config status')
  }

  async #promote(canary: Watching, { by, reason }: { by: string; reason: string }): Promise<Canary> {
    const now = this.#now()
    const promoted = ended(canary, 'promoted', now, reason === '' ? `promoted by ${by}` : reason)
    const { watched } = this.#record
    // The monitor's window begins when everybody else gets it; how hosts were before does not change.
    const since = watched?.release === canary.release ? { watched: { ...watched, time: now } } : {}
    await this.#write({ canary: promoted, ...since })
    if (by === MONITOR_AUTHOR) await this.#note('rollout.promote', canary.release, 'done', { reason })
    if (since.watched !== undefined) this.#watch(since.watched)
    await this.#options.policy.restage()
    return promoted
  }

  async #takeCanaryBack(canary: Watching, by: string, reason: string): Promise<Canary> {
    // The other way round a crash between the two would give the release to everybody.
    await this.#takeBack(canary.release, canary.base, by, reason)
    const stopped = ended(canary, 'stopped', this.#now(), reason)
    const { memory } = this.#record
    const failed = [...memory.failed.filter(release => release !== canary.release), canary.release]
    await this.#write({
      canary: stopped,
      unproven: this.#unprovenWith(canary.base, canary),
      ...(by === MONITOR_AUTHOR ? { memory: { ...memory, failed } } : {}),
    })
    this.#canaries = null
    await this.#options.policy.reload()
    return stopped
  }

  async #takeBack(release: ReleaseHash, to: ReleaseHash, author: string, reason: string): Promise<void> {
    const { releases } = this.#options
    await takeBack({ releases, checker: this.#checker, release, to, author, reason, signal: this.#stop.signal })
    this.#lastFault = ''
  }

  // The fleet.

  /** How each host was with whatever it had before this release. */
  #baseline(release: ReleaseHash | null): ReadonlyMap<string, HostOutcome> {
    const baseline = new Map<string, HostOutcome>()
    for (const { hostname, lastRun } of this.#options.fleet.rows()) {
      if (lastRun !== null && lastRun.mode === 'enforce' && lastRun.release !== release) {
        baseline.set(hostname, lastRun.outcome)
      }
    }
    return baseline
  }

  #candidates(): { hostname: string; isTelling: boolean }[] {
    const isTelling = ({ isConnected, lastRun }: EnvoyRow) =>
      isConnected && lastRun?.mode === 'enforce' && lastRun.outcome !== 'failed'
    return this.#options.fleet.rows().map(row => ({ hostname: row.hostname, isTelling: isTelling(row) }))
  }

  #peersOf(hosts: readonly string[]): string[] {
    const wanted = new Set(hosts)
    return this.#options.fleet.rows().flatMap(({ hostname, peer }) => (wanted.has(hostname) ? [peer] : []))
  }

  // State.

  #now(): number {
    return this.#options.clock.now()
  }

  async #write(parts: Partial<RolloutRecord>): Promise<void> {
    const { canary } = this.#record
    await this.#store.write(parts)
    // The policy may have asked meanwhile; what it was answered stands, and is written next.
    const answered = this.#record.canary === canary ? {} : this.#answered
    this.#record = { ...this.#record, ...parts, ...answered }
    this.#options.onChange?.()
  }

  get #answered(): Pick<RolloutRecord, 'canary' | 'unproven'> {
    const { canary, unproven } = this.#record
    return { canary, unproven }
  }

  /** In force at once, on disk soon: for those who cannot wait. */
  #change(parts: Pick<Partial<RolloutRecord>, 'canary' | 'unproven'>): void {
    this.#record = { ...this.#record, ...parts }
    // What it is by then: something newer may be on disk already.
    void this.#enqueue(async () => await this.#store.write(this.#answered)).catch((error: unknown) =>
      this.#fault('write', error),
    )
    this.#options.onChange?.()
  }

  async #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work)
    this.#queue = mine.catch(() => undefined)
    return await mine
  }

  async #note(
    action: string,
    target: string,
    outcome: AuditEvent['outcome'],
    details: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#options.audit.append({ actor: MONITOR_AUTHOR, via: 'system', action, target, outcome, details })
  }

  /** Said once, and tried again. */
  async #failed(action: string, release: ReleaseHash, error: unknown): Promise<void> {
    this.#retryAt = this.#now() + RETRY_MS
    const message = messageOf(error)
    if (message === this.#lastFault) return
    this.#lastFault = message
    this.#options.logger.error(
      'not-rolled-back',
      { action, release, error },
      'roll back by hand, or publish a mended release',
    )
    await this.#note(action, release, 'failed', { reason: message })
  }

  #fault(doing: string, error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#options.logger.error('rollout-fault', { doing, error }, 'the release in force stays as it is')
  }
}

function ended(canary: Watching, phase: 'promoted' | 'stopped', at: number, reason: string): Canary {
  const { until: _until, problem: _problem, ...staged } = canary
  return { ...staged, phase, at, reason }
}
