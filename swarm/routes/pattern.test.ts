import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesHost } from '#node/kit'
import { compareSpecificity, HostPatterns, matchesPattern, requirePatterns, specificityOf } from './pattern.ts'

const text = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), minLength: 1, maxLength })
const hostname = text('ab-.', 8).filter(name => /^[ab](?:[ab.-]*[ab])?$/.test(name) && !name.includes('..'))
const pattern = text('ab-.*?', 8).filter(glob => !glob.includes('**'))

describe('a host pattern', () => {
  test('means what it means everywhere in the product', () => {
    fc.assert(
      fc.property(pattern, hostname, (glob, host) => {
        expect(matchesPattern(glob, host)).toBe(matchesHost(glob, host))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['*', 'a.b.c', true],
    ['web*', 'web', true],
    ['web*.example.com', 'web1.eu.example.com', true],
    ['web?', 'web', false],
    ['*a*b*', 'xbxa', false],
    ['web1', 'web10', false],
  ])('%s and %s: %s', (glob, host, isMatch) => {
    expect(matchesPattern(glob, host)).toBe(isMatch)
  })

  test('that is made to be slow ends', () => {
    const slow = `${'*a'.repeat(126)}b`
    expect(matchesPattern(slow, 'a'.repeat(253))).toBe(false)
    expect(new HostPatterns(Array.from({ length: 32 }, () => slow)).match('a'.repeat(253))).toBeNull()
  })

  test.each(['', 'a'.repeat(254), 'Web', 'a**', '{a,b}', '[ab]', 'a b', 'ä', '../x', 'a/b', '!a', '-a\n'])(
    'is not %j',
    glob => {
      expect(() => requirePatterns([glob])).toThrow(expect.objectContaining({ code: 'bad-pattern' }))
    },
  )

  test('comes with at most 256 others, and at most 8,192 characters', () => {
    requirePatterns(Array.from({ length: 256 }, (_, n) => `web${n}`))
    expect(() => requirePatterns(Array.from({ length: 257 }, (_, n) => `web${n}`))).toThrow('at most 256')
    expect(() => requirePatterns(Array.from({ length: 33 }, () => 'a'.repeat(253)))).toThrow('at most 8192')
  })
})

describe('the more specific pattern', () => {
  test.each([
    ['web1.a', 'web*.a'],
    ['web*.a', 'web*'],
    ['web?', 'web*'],
    ['web??*', 'web*'],
    ['web*', '*'],
    ['web*a', 'we*b*'],
  ])('is %s and not %s', (more, less) => {
    expect(compareSpecificity(specificityOf(more), specificityOf(less))).toBeLessThan(0)
    expect(compareSpecificity(specificityOf(less), specificityOf(more))).toBeGreaterThan(0)
  })

  test('of those that match is the one that counts', () => {
    const patterns = new HostPatterns(['*', 'web*', 'web1.example.com', 'db*'])
    expect(patterns.match('web1.example.com')).toEqual(specificityOf('web1.example.com'))
    expect(patterns.match('web2.example.com')).toEqual(specificityOf('web*'))
    expect(patterns.match('mail')).toEqual(specificityOf('*'))
    expect(new HostPatterns(['db*']).match('mail')).toBeNull()
  })
})
