import type { Evidence, HostOutcome, ReleasedEvent, ReportEvent } from './types.ts'

const NAMED_HOSTS = 20

/** How bad an outcome is; what says nothing about the host has none. */
const RANK: Readonly<Record<HostOutcome, number | undefined>> = {
  converged: 0,
  changed: 0,
  degraded: 1,
  failed: 2,
  unreachable: undefined,
}

type Standing = 'well' | 'harmed' | 'not-judged'

/**
 * The hosts that received one release. A host is compared with itself: one that failed before cannot be harmed, one that was degraded
 * only by failing. A host that cannot be reached is not a host that failed.
 */
export class Watch {
  readonly event: ReleasedEvent
  /** Of the last fault, if there was one. */
  fault: string | undefined
  readonly #latest = new Map<string, { readonly time: number; readonly standing: Standing }>()
  readonly #counts = { well: 0, harmed: 0, 'not-judged': 0 }

  constructor(event: ReleasedEvent) {
    this.event = event
  }

  /** Of several reports of a host the latest counts, by its time. */
  add({ host, release, outcome, time }: ReportEvent): void {
    const before = this.event.baseline.get(host)
    if (release !== this.event.release || time < this.event.time || before === undefined) return
    const known = this.#latest.get(host)
    if (known !== undefined && known.time > time) return
    if (known !== undefined) this.#counts[known.standing]--
    const standing = standingOf(before, outcome)
    this.#counts[standing]++
    this.#latest.set(host, { time, standing })
  }

  get evidence(): Evidence {
    const { well, harmed, 'not-judged': notJudged } = this.#counts
    return { judged: well + harmed, harmed, harmedHosts: this.#harmedHosts(), notJudged }
  }

  isHarmful(harmedPercent: number): boolean {
    const { well, harmed } = this.#counts
    return harmed > 0 && harmed * 100 >= harmedPercent * (well + harmed)
  }

  hasSample(minimumSample: number): boolean {
    return this.#counts.well + this.#counts.harmed >= minimumSample
  }

  #harmedHosts(): string[] {
    const hosts: string[] = []
    for (const [host, { standing }] of this.#latest) {
      if (standing === 'harmed' && hosts.push(host) === NAMED_HOSTS) break
    }
    return hosts.toSorted()
  }
}

function standingOf(before: HostOutcome, now: HostOutcome): Standing {
  const was = RANK[before]
  const is = RANK[now]
  if (was === undefined || is === undefined || was === RANK.failed) return 'not-judged'
  return is > was ? 'harmed' : 'well'
}
