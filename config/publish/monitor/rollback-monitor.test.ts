import { describe, expect, test } from 'vitest'
import { RollbackMonitor } from './rollback-monitor.ts'
import { MONITOR_DEFAULTS, type MonitorSettings, monitorSettings } from './settings.ts'
import type { HostOutcome, MonitorMemory, ReleasedEvent } from './types.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)
const C = 'c'.repeat(64)
const MINUTE = 60_000
const HOSTS = ['h1', 'h2', 'h3', 'h4', 'h5']

const well = new Map<string, HostOutcome>(HOSTS.map(host => [host, 'converged']))
const release = (event: Partial<ReleasedEvent> = {}): ReleasedEvent => ({
  release: B,
  by: 'operator',
  candidates: [A],
  baseline: well,
  time: 0,
  ...event,
})

function monitor(settings: Partial<MonitorSettings> = {}, memory?: MonitorMemory): RollbackMonitor {
  return new RollbackMonitor({ ...MONITOR_DEFAULTS, harmedPercent: 50, ...settings }, memory)
}

const report = (host: string, outcome: HostOutcome, time = MINUTE, of = B) => ({ host, outcome, time, release: of })

describe('a release that harms hosts', () => {
  test('is rolled back as soon as enough of enough hosts are worse than before', () => {
    const watching = monitor()
    watching.released(release())
    expect(watching.report(report('h1', 'failed'))).toBeUndefined()
    expect(watching.report(report('h2', 'converged'))).toBeUndefined()
    const verdict = watching.report(report('h3', 'degraded'))
    expect(verdict).toEqual({
      verdict: 'rollback',
      release: B,
      to: A,
      reason: `2 of 3 hosts are worse than before release ${B.slice(0, 12)}: h1, h3`,
      evidence: { judged: 3, harmed: 2, harmedHosts: ['h1', 'h3'], notJudged: 0 },
    })
    expect(watching.phase).toEqual({ phase: 'decided', verdict })
    expect(watching.report(report('h4', 'failed'))).toBeUndefined()
    expect(watching.tick(1e9)).toBeUndefined()
  })

  test('is kept when the same hosts were failing before', () => {
    const watching = monitor({ minimumSample: 2 })
    const baseline = new Map<string, HostOutcome>([
      ...well,
      ['h1', 'failed'],
      ['h2', 'unreachable'],
      ['h3', 'degraded'],
    ])
    watching.released(release({ baseline }))
    for (const host of ['h1', 'h2']) expect(watching.report(report(host, 'failed'))).toBeUndefined()
    for (const host of ['h3', 'h4', 'h5', 'new'])
      expect(watching.report(report(host, 'degraded'))?.verdict).toBe(host === 'h4' ? 'rollback' : undefined)
  })

  test('is judged by what hosts say that received it', () => {
    const watching = monitor()
    watching.released(release({ time: MINUTE }))
    for (const host of HOSTS) {
      expect(watching.report(report(host, 'failed', MINUTE, A))).toBeUndefined()
      expect(watching.report(report(host, 'failed', 0, B))).toBeUndefined()
    }
    expect(watching.tick(MINUTE + MONITOR_DEFAULTS.windowMs)).toMatchObject({
      verdict: 'inconclusive',
      because: 'too-few-hosts',
    })
  })

  test('may recover: the latest report of a host counts', () => {
    const watching = monitor()
    watching.released(release())
    for (const host of ['h1', 'h2']) watching.report(report(host, 'failed', 1))
    for (const host of ['h1', 'h2']) watching.report(report(host, 'changed', 3))
    watching.report(report('h1', 'failed', 2))
    expect(watching.report(report('h3', 'converged', 4))).toBeUndefined()
    expect(watching.tick(MONITOR_DEFAULTS.windowMs)).toMatchObject({
      verdict: 'healthy',
      reason: '0 of 3 hosts are worse than before',
    })
  })
})

describe('no verdict about the release', () => {
  test('is given for hosts that cannot be reached', () => {
    const watching = monitor()
    watching.released(release())
    for (const host of HOSTS) expect(watching.report(report(host, 'unreachable'))).toBeUndefined()
    expect(watching.tick(MONITOR_DEFAULTS.windowMs)).toEqual({
      verdict: 'inconclusive',
      because: 'too-few-hosts',
      release: B,
      reason: 'within 15m 0s only 0 of at least 3 hosts could be judged',
      evidence: { judged: 0, harmed: 0, harmedHosts: [], notJudged: 5 },
    })
  })

  test('is given where reports could not be had, unless there are enough all the same', () => {
    const blind = monitor()
    blind.released(release())
    blind.fault({ message: 'the database is locked', time: 1 })
    expect(blind.tick(MONITOR_DEFAULTS.windowMs)).toMatchObject({
      verdict: 'error',
      reason:
        'within 15m 0s only 0 of at least 3 hosts could be judged, because reports could not be had: the database is locked',
    })
    const seeing = monitor()
    seeing.released(release())
    seeing.fault({ message: 'the database is locked', time: 1 })
    for (const host of HOSTS) seeing.report(report(host, 'converged'))
    expect(seeing.fault({ message: 'again', time: MONITOR_DEFAULTS.windowMs })).toMatchObject({ verdict: 'healthy' })
  })

  test('is given when another release follows', () => {
    const watching = monitor()
    watching.released(release())
    watching.report(report('h1', 'failed'))
    watching.released(release({ release: C, candidates: [B, A], time: 2 * MINUTE }))
    expect(watching.phase).toEqual({
      phase: 'watching',
      release: C,
      until: 2 * MINUTE + MONITOR_DEFAULTS.windowMs,
      evidence: { judged: 0, harmed: 0, harmedHosts: [], notJudged: 0 },
    })
    expect(watching.tick(MONITOR_DEFAULTS.windowMs)).toBeUndefined()
  })
})

describe('rolling back', () => {
  const fail = (watching: RollbackMonitor, event: Partial<ReleasedEvent>) => {
    watching.released(release(event))
    const of = event.release ?? B
    const verdicts = HOSTS.map(host => watching.report(report(host, 'failed', (event.time ?? 0) + 1, of)))
    return verdicts.find(verdict => verdict !== undefined)
  }

  test('never leads to a release that failed itself', () => {
    const watching = monitor({}, { consecutiveRollbacks: 0, failed: [A] })
    expect(fail(watching, { release: B, candidates: [B, A, C] })).toMatchObject({ verdict: 'rollback', to: C })
    expect(fail(watching, { release: C, candidates: [B, A] })).toMatchObject({
      verdict: 'inconclusive',
      because: 'nothing-to-go-back-to',
      reason: expect.stringMatching(
        /Not rolled back: every release that could be gone back to failed itself; publish a mended one$/,
      ),
    })
    expect(watching.memory).toEqual({ consecutiveRollbacks: 1, failed: [A, B, C] })
  })

  test('stops after some in a row, until a release of an operator turns out well', () => {
    const watching = monitor({ maxConsecutiveRollbacks: 2 })
    const hash = (digit: number): string => `${digit}`.repeat(64)
    expect(fail(watching, { release: hash(1) })?.verdict).toBe('rollback')
    expect(fail(watching, { release: hash(2), by: 'monitor' })?.verdict).toBe('rollback')
    expect(fail(watching, { release: hash(3), by: 'monitor' })).toMatchObject({
      verdict: 'inconclusive',
      because: 'too-many-rollbacks',
      reason: expect.stringContaining('Not rolled back: that was done 2 times in a row and did not help'),
    })
    const turnsOutWell = (by: 'operator' | 'monitor'): void => {
      watching.released(release({ release: C, by }))
      for (const host of HOSTS) watching.report(report(host, 'converged', 1, C))
      expect(watching.tick(MONITOR_DEFAULTS.windowMs)?.verdict).toBe('healthy')
    }
    turnsOutWell('monitor')
    expect(fail(watching, { release: hash(4) })?.verdict).toBe('inconclusive')
    turnsOutWell('operator')
    expect(fail(watching, { release: hash(5) })?.verdict).toBe('rollback')
  })

  test('can be switched off', () => {
    expect(fail(monitor({ maxConsecutiveRollbacks: 0 }), {})).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('Not rolled back: that is switched off'),
    })
  })

  test('names some of many hosts', () => {
    const hosts = Array.from({ length: 100 }, (_, index) => `h${index}`)
    const watching = monitor({ minimumSample: 100 })
    watching.released(release({ baseline: new Map(hosts.map(host => [host, 'changed'])) }))
    const verdicts = hosts.map(host => watching.report(report(host, 'failed')))
    expect(verdicts.at(-1)?.evidence.harmedHosts).toHaveLength(20)
    expect(verdicts.at(-1)?.reason).toMatch(/^100 of 100 hosts are worse .+: h0, h1, h10 …$/)
  })
})

describe('settings', () => {
  const fleet = { checkinIntervalMs: 5 * MINUTE }

  test('have defaults', () => {
    expect(monitorSettings({}, fleet)).toEqual(MONITOR_DEFAULTS)
    expect(monitorSettings({ minimumSample: 1, harmedPercent: 100 }, fleet).minimumSample).toBe(1)
  })

  test.each([
    [
      { windowMs: 9 * MINUTE },
      'window is 9m 0s; it must be from 10m 0s (two check-ins: one to fetch the release, one to report on it) to 1d 0h',
    ],
    [{ windowMs: 25 * 60 * MINUTE }, 'window is 1d 1h; it must be from 10m 0s'],
    [{ windowMs: Number.NaN }, 'it must be from 10m 0s'],
    [{ minimumSample: 0 }, 'minimum_sample is 0; it must be a whole number of hosts from 1'],
    [{ minimumSample: 1.5 }, 'minimum_sample is 1.5'],
    [
      { harmedPercent: 0 },
      'harmed_percent is 0; it must be above 0 and at most 100; at 0 every release would be rolled back',
    ],
    [{ harmedPercent: 101 }, 'harmed_percent is 101'],
    [
      { maxConsecutiveRollbacks: -1 },
      'max_consecutive_rollbacks is -1; it must be a whole number from 0 (never roll back) to 10',
    ],
  ])('refuses %j and names the bound', (settings, message) => {
    expect(() => monitorSettings(settings, fleet)).toThrow(message)
  })
})
