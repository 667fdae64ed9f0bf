import { type ReleaseHash, shortHash } from '#config/store'
import { formatDuration } from '#node/kit'
import type { MonitorSettings } from './settings.ts'
import type {
  FaultEvent,
  InconclusiveCause,
  MonitorMemory,
  MonitorPhase,
  ReleasedEvent,
  ReportEvent,
  Verdict,
} from './types.ts'
import { Watch } from './watch.ts'

/** More than are ever candidates. */
const REMEMBERED_FAILURES = 1000

type State =
  | { readonly phase: 'idle' }
  | { readonly phase: 'watching'; readonly watch: Watch }
  | { readonly phase: 'decided'; readonly verdict: Verdict }

/**
 * Decides whether a release is to be taken back, from what its hosts report. Neither clock nor timer nor I/O: whoever owns it feeds it
 * events in the order in which they happen, `tick` now and then, and carries out what it answers. Each release gets at most one verdict,
 * answered once; a release that another one follows before its verdict gets none.
 *
 * It rolls back as soon as enough hosts are harmed, and calls a release healthy only when its window is over.
 */
export class RollbackMonitor {
  readonly #settings: MonitorSettings
  #state: State = { phase: 'idle' }
  #consecutiveRollbacks: number
  readonly #failed: Set<ReleaseHash>

  constructor(settings: MonitorSettings, memory: MonitorMemory = { consecutiveRollbacks: 0, failed: [] }) {
    this.#settings = settings
    this.#consecutiveRollbacks = memory.consecutiveRollbacks
    this.#failed = new Set(memory.failed)
  }

  /** Watches the release from now on, instead of any other. */
  released(event: ReleasedEvent): void {
    this.#state = { phase: 'watching', watch: new Watch(event) }
  }

  report(event: ReportEvent): Verdict | undefined {
    const verdict = this.tick(event.time)
    if (this.#state.phase !== 'watching') return verdict
    const { watch } = this.#state
    watch.add(event)
    const { harmedPercent, minimumSample } = this.#settings
    if (watch.isHarmful(harmedPercent) && watch.hasSample(minimumSample)) return this.#decide(this.#takeBack(watch))
    return undefined
  }

  fault({ message, time }: FaultEvent): Verdict | undefined {
    const verdict = this.tick(time)
    if (this.#state.phase === 'watching') this.#state.watch.fault = message
    return verdict
  }

  /** Call it at least once after the window's end. */
  tick(time: number): Verdict | undefined {
    if (this.#state.phase !== 'watching') return undefined
    const { watch } = this.#state
    if (time < watch.event.time + this.#settings.windowMs) return undefined
    return this.#decide(this.#conclude(watch))
  }

  get phase(): MonitorPhase {
    if (this.#state.phase !== 'watching') return this.#state
    const { event, evidence } = this.#state.watch
    return { phase: 'watching', release: event.release, until: event.time + this.#settings.windowMs, evidence }
  }

  get memory(): MonitorMemory {
    return { consecutiveRollbacks: this.#consecutiveRollbacks, failed: [...this.#failed] }
  }

  #decide(verdict: Verdict): Verdict {
    this.#state = { phase: 'decided', verdict }
    return verdict
  }

  /** The window is over, and it was not rolled back. */
  #conclude(watch: Watch): Verdict {
    const { minimumSample, windowMs } = this.#settings
    const { event, evidence, fault } = watch
    const { release } = event
    const { judged, harmed } = evidence
    if (watch.hasSample(minimumSample)) {
      if (event.by === 'operator') this.#consecutiveRollbacks = 0
      return { verdict: 'healthy', release, evidence, reason: `${harmed} of ${judged} hosts are worse than before` }
    }
    const sample = `within ${formatDuration(windowMs)} only ${judged} of at least ${minimumSample} hosts could be judged`
    if (fault !== undefined) {
      return { verdict: 'error', release, evidence, reason: `${sample}, because reports could not be had: ${fault}` }
    }
    return inconclusive(watch, 'too-few-hosts', sample)
  }

  #takeBack(watch: Watch): Verdict {
    const { event, evidence } = watch
    const { release } = event
    const { judged, harmed, harmedHosts } = evidence
    this.#remember(release)
    const named = `${harmedHosts.slice(0, 3).join(', ')}${harmed > 3 ? ' …' : ''}`
    const reason = `${harmed} of ${judged} hosts are worse than before release ${shortHash(release)}: ${named}`
    const { maxConsecutiveRollbacks } = this.#settings
    if (this.#consecutiveRollbacks >= maxConsecutiveRollbacks) {
      return inconclusive(watch, 'too-many-rollbacks', `${reason}. ${cap(maxConsecutiveRollbacks)}`)
    }
    const to = event.candidates.find(candidate => candidate !== release && !this.#failed.has(candidate))
    if (to === undefined) {
      const why = 'every release that could be gone back to failed itself; publish a mended one'
      return inconclusive(watch, 'nothing-to-go-back-to', `${reason}. Not rolled back: ${why}`)
    }
    this.#consecutiveRollbacks++
    return { verdict: 'rollback', release, to, evidence, reason }
  }

  #remember(release: ReleaseHash): void {
    this.#failed.delete(release)
    this.#failed.add(release)
    const [oldest] = this.#failed
    if (this.#failed.size > REMEMBERED_FAILURES && oldest !== undefined) this.#failed.delete(oldest)
  }
}

function cap(maxConsecutiveRollbacks: number): string {
  if (maxConsecutiveRollbacks === 0)
    return 'Not rolled back: that is switched off; roll back, or publish a mended release'
  return `Not rolled back: that was done ${maxConsecutiveRollbacks} times in a row and did not help; roll back, or publish a mended release`
}

function inconclusive({ event, evidence }: Watch, because: InconclusiveCause, reason: string): Verdict {
  return { verdict: 'inconclusive', release: event.release, because, evidence, reason }
}
