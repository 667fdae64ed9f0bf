import { formatDuration } from '#node/kit'
import { MonitorError } from './errors.ts'

export interface MonitorSettings {
  /** How long a release is watched. Whoever is harmed later is no longer counted against it. */
  readonly windowMs: number
  /** Hosts that must have been judged before anything is concluded. A fleet with fewer is never rolled back by itself. */
  readonly minimumSample: number
  /** Percent of the judged hosts that are worse than before, from which on the release is rolled back. */
  readonly harmedPercent: number
  /** Without an operator's release that turned out well in between. 0: nothing is rolled back, only reported. */
  readonly maxConsecutiveRollbacks: number
}

/** Three check-ins at the usual five minutes; a fifth of the fleet is more than flapping. */
export const MONITOR_DEFAULTS: MonitorSettings = {
  windowMs: 15 * 60_000,
  minimumSample: 3,
  harmedPercent: 20,
  maxConsecutiveRollbacks: 2,
}

const MAX_WINDOW_MS = 24 * 3600_000

/** Fills in the defaults and checks the bounds. @throws MonitorError 'bad-settings' */
export function monitorSettings(
  settings: Partial<MonitorSettings>,
  fleet: { readonly checkinIntervalMs: number },
): MonitorSettings {
  const complete = { ...MONITOR_DEFAULTS, ...settings }
  const { windowMs, minimumSample, harmedPercent, maxConsecutiveRollbacks } = complete
  const shortest = 2 * fleet.checkinIntervalMs
  if (!(windowMs >= shortest && windowMs <= MAX_WINDOW_MS)) {
    throw bad(
      'window',
      formatDuration(windowMs),
      `from ${formatDuration(shortest)} (two check-ins: one to fetch the release, one to report on it) to ${formatDuration(MAX_WINDOW_MS)}`,
    )
  }
  if (!isWhole(minimumSample, 1, 1_000_000))
    throw bad('minimum_sample', minimumSample, 'a whole number of hosts from 1')
  if (!(harmedPercent > 0 && harmedPercent <= 100)) {
    throw bad('harmed_percent', harmedPercent, 'above 0 and at most 100; at 0 every release would be rolled back')
  }
  if (!isWhole(maxConsecutiveRollbacks, 0, 10)) {
    throw bad('max_consecutive_rollbacks', maxConsecutiveRollbacks, 'a whole number from 0 (never roll back) to 10')
  }
  return complete
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function bad(name: string, value: string | number, bounds: string): MonitorError {
  return new MonitorError('bad-settings', `publish.rollback.${name} is ${value}; it must be ${bounds}`)
}
