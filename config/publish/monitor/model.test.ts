import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RollbackMonitor } from './rollback-monitor.ts'
import type { MonitorSettings } from './settings.ts'
import type { FaultEvent, HostOutcome, ReleasedEvent, ReportEvent, Verdict } from './types.ts'

/*
 * The specification, written once more in the plainest way: after each event it looks at the whole history again.
 */

type Event =
  | ({ readonly kind: 'released' } & ReleasedEvent)
  | ({ readonly kind: 'report' } & ReportEvent)
  | ({ readonly kind: 'fault' } & FaultEvent)
  | { readonly kind: 'tick'; readonly time: number }

interface Expected {
  readonly at: number
  readonly verdict: Verdict['verdict']
  readonly to?: string
  readonly because?: string
}

const BAD: Readonly<Record<HostOutcome, number>> = { converged: 0, changed: 0, degraded: 1, failed: 2, unreachable: -1 }

function specified(events: readonly Event[], settings: MonitorSettings): Expected[] {
  const verdicts: Expected[] = []
  const failed = new Set<string>()
  let rollbacks = 0
  for (const [at, event] of events.entries()) {
    const begin = events.findLastIndex((other, index) => index <= at && other.kind === 'released')
    const released = events[begin]
    if (released?.kind !== 'released' || begin === at) continue
    if (verdicts.some(verdict => verdict.at > begin)) continue
    const end = released.time + settings.windowMs
    const isOver = event.time >= end
    const seen = events.slice(begin + 1, isOver ? at : at + 1)
    const { judged, harmed } = judge(released, seen)
    const isSample = judged >= settings.minimumSample
    if (!isOver) {
      if (event.kind !== 'report' || !isSample || harmed === 0 || harmed * 100 < settings.harmedPercent * judged)
        continue
      failed.add(released.release)
      const to = released.candidates.filter(candidate => !failed.has(candidate))[0]
      if (rollbacks >= settings.maxConsecutiveRollbacks) {
        verdicts.push({ at, verdict: 'inconclusive', because: 'too-many-rollbacks' })
      } else if (to === undefined) verdicts.push({ at, verdict: 'inconclusive', because: 'nothing-to-go-back-to' })
      else {
        rollbacks++
        verdicts.push({ at, verdict: 'rollback', to })
      }
    } else if (isSample) {
      if (released.by === 'operator') rollbacks = 0
      verdicts.push({ at, verdict: 'healthy' })
    } else if (seen.some(({ kind }) => kind === 'fault')) verdicts.push({ at, verdict: 'error' })
    else verdicts.push({ at, verdict: 'inconclusive', because: 'too-few-hosts' })
  }
  return verdicts
}

function judge(released: ReleasedEvent, seen: readonly Event[]): { judged: number; harmed: number } {
  let judged = 0
  let harmed = 0
  for (const [host, before] of released.baseline) {
    const own = seen.filter(event => event.kind === 'report' && event.host === host)
    const reports = own.filter(
      (event): event is Event & ReportEvent => 'release' in event && event.release === released.release,
    )
    const last = reports
      .filter(({ time }) => time >= released.time)
      .toSorted((a, b) => a.time - b.time)
      .at(-1)
    if (last === undefined || BAD[before] < 0 || BAD[before] === 2 || BAD[last.outcome] < 0) continue
    judged++
    if (BAD[last.outcome] > BAD[before]) harmed++
  }
  return { judged, harmed }
}

function observed(events: readonly Event[], settings: MonitorSettings): Expected[] {
  const monitor = new RollbackMonitor(settings)
  return events.flatMap((event, at) => {
    const verdict = feed(monitor, event)
    if (verdict === undefined) return []
    return [
      {
        at,
        verdict: verdict.verdict,
        ...(verdict.verdict === 'rollback' ? { to: verdict.to } : {}),
        ...(verdict.verdict === 'inconclusive' ? { because: verdict.because } : {}),
      },
    ]
  })
}

function feed(monitor: RollbackMonitor, event: Event): Verdict | undefined {
  switch (event.kind) {
    case 'released':
      monitor.released(event)
      return undefined
    case 'report':
      return monitor.report(event)
    case 'fault':
      return monitor.fault(event)
    case 'tick':
      return monitor.tick(event.time)
  }
}

const hash = fc.constantFrom('a', 'b', 'c')
const host = fc.constantFrom('h1', 'h2', 'h3', 'h4')
const outcome = fc.constantFrom<HostOutcome[]>('converged', 'changed', 'degraded', 'failed', 'failed', 'unreachable')
const good = fc.constantFrom<HostOutcome[]>('converged', 'converged', 'changed', 'degraded', 'failed', 'unreachable')
const baseline = fc.dictionary(host, good).map(entries => new Map(Object.entries(entries)))

/** Times go on in steps, and a report may be a little late. */
const event = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('released' as const),
      release: hash,
      by: fc.constantFrom('operator' as const, 'monitor' as const),
      candidates: fc.uniqueArray(hash),
      baseline,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('report' as const), release: hash, host, outcome, late: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fault' as const), message: fc.constant('broken') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
)

const history = fc.array(fc.tuple(event, fc.nat(4)), { maxLength: 60, minLength: 1 }).map(steps => {
  let now = 0
  return steps.map(([step, passed]): Event => {
    now += passed
    if (step.kind !== 'report') return { ...step, time: now }
    const { late, ...rest } = step
    return { ...rest, time: Math.max(0, now - late) }
  })
})

const settings: fc.Arbitrary<MonitorSettings> = fc.record({
  windowMs: fc.integer({ min: 1, max: 60 }),
  minimumSample: fc.integer({ min: 1, max: 3 }),
  harmedPercent: fc.constantFrom(1, 34, 50, 67, 100),
  maxConsecutiveRollbacks: fc.nat(3),
})

test('the monitor answers what the specification says, for any history', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(history, settings, (events, chosen) => {
      const expected = specified(events, chosen)
      for (const { verdict, because } of expected) seen.add(because ?? verdict)
      expect(observed(events, chosen)).toEqual(expected)
    }),
    { numRuns: 5000 },
  )
  expect([...seen].toSorted()).toEqual([
    'error',
    'healthy',
    'nothing-to-go-back-to',
    'rollback',
    'too-few-hosts',
    'too-many-rollbacks',
  ])
})

test('no rollback ever leads to a release that failed before, and never more in a row than allowed', () => {
  fc.assert(
    fc.property(history, settings, (events, chosen) => {
      const monitor = new RollbackMonitor(chosen)
      const failed = new Set<string>()
      let row = 0
      let by = ''
      for (const each of events) {
        if (each.kind === 'released') by = each.by
        const verdict = feed(monitor, each)
        if (verdict?.verdict === 'healthy' && by === 'operator') row = 0
        if (verdict?.verdict !== 'rollback') continue
        failed.add(verdict.release)
        expect(failed.has(verdict.to)).toBe(false)
        expect(++row).toBeLessThanOrEqual(chosen.maxConsecutiveRollbacks)
      }
    }),
    { numRuns: 2000 },
  )
})

test('reports about other releases and of hosts without a baseline change nothing', () => {
  fc.assert(
    fc.property(history, settings, (events, chosen) => {
      const isNoise = (each: Event, at: number): boolean => {
        if (each.kind !== 'report') return false
        const released = events.slice(0, at).findLast(({ kind }) => kind === 'released')
        return released?.kind !== 'released' || each.release !== released.release || !released.baseline.has(each.host)
      }
      const silent = events.map((each, at): Event => (isNoise(each, at) ? { kind: 'tick', time: each.time } : each))
      expect(observed(silent, chosen)).toEqual(observed(events, chosen))
    }),
    { numRuns: 2000 },
  )
})
