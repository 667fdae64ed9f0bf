import { describe, expect, test } from 'vitest'
import { matchesTarget, parseTarget } from './target.ts'

const web1 = { hostname: 'web1.eu.example.com', traits: { os: 'linux', 'os.distro': 'debian' } }

describe('a target', () => {
  test.each([
    ['*', true],
    ['', false],
    ['web1.eu.example.com', true],
    ['WEB1.*', true],
    ['*.example.com', true],
    ['web?.eu.*', true],
    ['db*', false],
    ['db*,os=linux', true],
    ['os.distro=debian', true],
    ['os.distro=ubuntu', false],
    ['constructor=x', false],
    ['*,-web1.*', false],
    ['-db*', true],
    ['-os=linux', false],
    ['-web1*,*', false],
    [' db1 , web1.eu.example.com ', true],
  ])("'%s' matches web1: %s", (spec, expected) => {
    expect(matchesTarget(parseTarget(spec), web1)).toBe(expected)
  })

  test.each([['a b'], ['$(x)'], ['x'.repeat(300)], ['*a*a*a*a*a*a*a*a*a'], [Array(65).fill('a').join(',')]])(
    'refuses %s',
    spec => {
      expect(() => parseTarget(spec)).toThrow(RangeError)
    },
  )
})
