import { describe, expect, test } from 'vitest'
import { bolt, fleetId, hex } from './fixture.ts'
import { formatJoinUrl, parseJoinUrl } from './join-url.ts'

describe('a join URL', () => {
  const url = {
    addresses: [
      { host: '10.0.0.1', port: 1531 },
      { host: 'fe80::1', port: 1 },
      { host: 'bolt.example.com', port: 65_535 },
    ],
    fleetId,
    bolt: hex(bolt),
    token: `${'0'.repeat(16)}.${'a'.repeat(64)}`,
  }
  test('survives being written and read', () => {
    expect(parseJoinUrl(` ${formatJoinUrl(url)}\n`)).toEqual(url)
  })
  test.each([
    '',
    'https://example.com',
    formatJoinUrl(url).slice(0, -1),
    formatJoinUrl(url).replace('1531', '99999'),
    formatJoinUrl(url).replace('10.0.0.1', '$(reboot)'),
  ])('refuses %s', text => {
    expect(() => parseJoinUrl(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
