import { messageOf, parseDuration } from '#node/kit'
import { MemberError, type ServerSettings } from '#node/member'
import type { RunLimits } from './run-log.ts'

export interface FleetSettings {
  /** Between two check-ins of an envoy. */
  readonly intervalMs: number
  readonly runs: RunLimits
}

const SHORTEST_INTERVAL_MS = 1_000
const LONGEST_INTERVAL_MS = 24 * 3600e3

/** What `server.yaml` says about check-ins and runs, with its defaults. @throws MemberError 'bad-settings' that names file and key */
export function fleetSettings({ checkin, runs }: ServerSettings, file: string): FleetSettings {
  const intervalMs = duration(checkin?.interval ?? '5m', `${file}: checkin.interval`)
  if (intervalMs < SHORTEST_INTERVAL_MS || intervalMs > LONGEST_INTERVAL_MS) {
    throw new MemberError('bad-settings', `${file}: checkin.interval must be between 1s and 24h`)
  }
  const keepMs = duration(runs?.keep ?? '7d', `${file}: runs.keep`)
  return { intervalMs, runs: { keepMs, perEnvoy: runs?.per_envoy ?? 100 } }
}

function duration(text: string, key: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new MemberError('bad-settings', `${key}: ${messageOf(error)}`)
  }
}
