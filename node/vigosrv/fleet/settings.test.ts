import { expect, test } from 'vitest'
import { fleetSettings } from './settings.ts'

const settingsOf = (more: object) => fleetSettings({ hostname: 'bolt', ...more }, 'server.yaml')

test('without a word envoys check in every five minutes, and runs are kept for a week', () => {
  expect(settingsOf({})).toEqual({ intervalMs: 300_000, runs: { keepMs: 7 * 24 * 3600e3, perEnvoy: 100 } })
})

test('what is set holds', () => {
  const settings = settingsOf({ checkin: { interval: '2s' }, runs: { keep: '1d', per_envoy: 5 } })
  expect(settings).toEqual({ intervalMs: 2_000, runs: { keepMs: 24 * 3600e3, perEnvoy: 5 } })
})

test.each([
  [{ checkin: { interval: 'soon' } }, 'checkin.interval'],
  [{ checkin: { interval: '10ms' } }, 'checkin.interval'],
  [{ checkin: { interval: '30d' } }, 'checkin.interval'],
  [{ runs: { keep: 'long' } }, 'runs.keep'],
])('%j is refused with the name of its key', (more, key) => {
  expect(() => settingsOf(more)).toThrow(key)
})
