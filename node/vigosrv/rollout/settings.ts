import { MONITOR_DEFAULTS, type MonitorSettings, monitorSettings } from '#config/publish'
import { messageOf, parseDuration } from '#node/kit'
import { MemberError, type ServerSettings } from '#node/member'

/** Check-ins within the usual window: one to fetch a release, one to report on it, and one for whoever was late. */
const CHECKINS = 3
const LONGEST_WINDOW_MS = 24 * 3600_000

/**
 * `publish.rollback` of `server.yaml`. Switched off, the monitor still watches and tells, and rolls back nothing.
 *
 * @throws MemberError 'bad-settings' that names file and key
 */
export function rolloutSettings(
  { publish }: Pick<ServerSettings, 'publish'>,
  fleet: { readonly intervalMs: number },
  file: string,
): MonitorSettings {
  const { enabled, window, minimum_sample, harmed_percent, max_consecutive_rollbacks } = publish?.rollback ?? {}
  const usual = Math.min(LONGEST_WINDOW_MS, Math.max(MONITOR_DEFAULTS.windowMs, CHECKINS * fleet.intervalMs))
  const windowMs = window === undefined ? usual : duration(window, file)
  const most = max_consecutive_rollbacks ?? MONITOR_DEFAULTS.maxConsecutiveRollbacks
  // Who checks in once a day is not told to set a window that there cannot be.
  const checkinIntervalMs = window === undefined ? Math.min(fleet.intervalMs, usual / 2) : fleet.intervalMs
  try {
    return monitorSettings(
      {
        windowMs,
        minimumSample: minimum_sample ?? MONITOR_DEFAULTS.minimumSample,
        harmedPercent: harmed_percent ?? MONITOR_DEFAULTS.harmedPercent,
        maxConsecutiveRollbacks: enabled === false ? 0 : most,
      },
      { checkinIntervalMs },
    )
  } catch (error) {
    throw new MemberError('bad-settings', `${file}: ${messageOf(error)}`, { cause: error })
  }
}

function duration(text: string, file: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new MemberError('bad-settings', `${file}: publish.rollback.window: ${messageOf(error)}`)
  }
}
