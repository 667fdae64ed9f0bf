import type { HostOutcome } from '#config/publish'

const NAMED = 3

/** `neutral`: not worse than before, but it cannot be more: it was broken before, or nobody knows how it was. */
type Standing = 'converged' | 'unsettled' | 'neutral' | 'failed'

const RANK: Readonly<Record<HostOutcome, number>> = { converged: 0, changed: 0, unreachable: 0, degraded: 1, failed: 2 }

export type CanaryDecision =
  | { readonly decision: 'wait' }
  | { readonly decision: 'promote' | 'stop' | 'ask'; readonly reason: string }

/**
 * What canaries say of the release that they have. A canary is compared with itself before: it failed when it is worse than then, and
 * converged when it found all as it should be, after it had changed what was new. One that has to correct something on each run, as it did
 * before, counts as converged with its second report.
 */
export class CanaryWatch {
  readonly #hosts: readonly string[]
  readonly #baseline: ReadonlyMap<string, HostOutcome>
  readonly #reports = new Map<
    string,
    { readonly outcome: HostOutcome; readonly count: number; readonly time: number }
  >()

  constructor(hosts: readonly string[], baseline: ReadonlyMap<string, HostOutcome>) {
    this.#hosts = hosts
    this.#baseline = baseline
  }

  /** Of several reports of a host the latest counts. False when it is no canary, or older than what is known. */
  report(host: string, outcome: HostOutcome, time: number): boolean {
    if (!this.#hosts.includes(host)) return false
    const known = this.#reports.get(host)
    if (known !== undefined && known.time > time) return false
    this.#reports.set(host, { outcome, time, count: (known?.count ?? 0) + 1 })
    return true
  }

  get converged(): string[] {
    return this.#with('converged')
  }

  get failed(): string[] {
    return this.#with('failed')
  }

  /** Stops as soon as too many failed, promotes as soon as all are well, and asks a person when the time is over. */
  decide({ harmedPercent, isOver }: { harmedPercent: number; isOver: boolean }): CanaryDecision {
    const { converged, failed } = this
    const all = this.#hosts.length
    if (failed.length > 0 && failed.length * 100 >= harmedPercent * all) {
      return { decision: 'stop', reason: `${failed.length} of ${all} canaries are worse than before: ${named(failed)}` }
    }
    const unsettled = this.#with('unsettled')
    if (failed.length === 0 && unsettled.length === 0 && converged.length > 0) {
      const neutral = all - converged.length
      const rest = neutral === 0 ? '' : `; ${neutral} were not well before either`
      return { decision: 'promote', reason: `${converged.length} of ${all} canaries converged${rest}` }
    }
    if (!isOver) return { decision: 'wait' }
    const parts = [
      `${converged.length} of ${all} canaries converged in time`,
      ...(failed.length > 0 ? [`${failed.length} are worse than before (${named(failed)})`] : []),
      ...(unsettled.length > 0 ? [`nothing final was heard of ${unsettled.length} (${named(unsettled)})`] : []),
    ]
    return { decision: 'ask', reason: `${parts.join(', ')}; promote the release, or stop it` }
  }

  #with(standing: Standing): string[] {
    return this.#hosts.filter(host => this.#standingOf(host) === standing)
  }

  #standingOf(host: string): Standing {
    const report = this.#reports.get(host)
    if (report === undefined) return 'unsettled'
    const { outcome, count } = report
    const before = this.#baseline.get(host)
    if (outcome === 'converged') return 'converged'
    if (outcome === 'changed') return before === 'changed' && count > 1 ? 'converged' : 'unsettled'
    if (outcome === 'unreachable') return 'unsettled'
    if (before === undefined || before === 'unreachable') return 'neutral'
    return RANK[outcome] > RANK[before] ? 'failed' : 'neutral'
  }
}

function named(hosts: readonly string[]): string {
  return `${hosts.slice(0, NAMED).join(', ')}${hosts.length > NAMED ? ' …' : ''}`
}
