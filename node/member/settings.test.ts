import { describe, expect, test } from 'vitest'
import { parseSettings, parseSharedSettings, ServerSettings } from './settings.ts'

describe('what a server sends to one that joins', () => {
  test('is taken over when it is of the whole fleet', () => {
    const sent = 'swarm:\n  mdns: false\ncheckin:\n  interval: 90s\nruns:\n  per_envoy: 7\n'
    expect(parseSharedSettings(sent)).toEqual({
      swarm: { mdns: false },
      checkin: { interval: '90s' },
      runs: { per_envoy: 7 },
    })
  })

  test.each([
    'hostname: other',
    'fleet: "00"',
    'api: { listen: [] }',
    'ai: { enabled: true }',
    'bootstrap: []',
    '- 1',
    '{',
  ])('is refused when it is not: %s', sent => {
    expect(() => parseSharedSettings(sent)).toThrow(expect.objectContaining({ code: 'bad-settings' }))
  })
})

test.each([
  ['fleet', 'fleet: abc'],
  ['bootstrap', 'bootstrap: bolt1:1531'],
  ['spanner', 'spanner: { mode: leader }'],
])('server.yaml with a wrong %s is refused by the name of the key', (key, line) => {
  expect(() => parseSettings('server.yaml', `hostname: a\n${line}\n`, ServerSettings)).toThrow(
    new RegExp(`server.yaml: ${key}`),
  )
})
