import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesHost } from '#node/kit'
import { compileGlob, WideGlobs } from './host-glob.ts'

const firstOver = (earlier: readonly string[], later: string): number | undefined => {
  const wide = new WideGlobs<number>()
  for (const [at, each] of earlier.entries()) wide.add(each, at)
  return wide.firstOver(later)
}
const covers = (earlier: string, later: string): boolean => firstOver([earlier], later) === 0

const part = fc.constantFrom('web', 'w', 'app', '1', '.', '-', 'example.com')
const host = fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join('').replace(/^\.+/, 'a'))
const glob = fc
  .array(fc.oneof(part, fc.constantFrom('*', '?', '[ab1]', '{web,app}')), { minLength: 1, maxLength: 5 })
  .map(parts => parts.join('').replace(/^\.+/, 'a'))

test('a compiled pattern matches what the pattern matches everywhere else in the product', () => {
  fc.assert(
    fc.property(glob, host, (pattern, name) => {
      expect(compileGlob(pattern)(name)).toBe(matchesHost(pattern, name))
    }),
    { numRuns: 2000 },
  )
})

test('case does not matter', () => {
  expect(compileGlob('*.App.example.com')('web.app.EXAMPLE.com'.toLowerCase())).toBe(true)
})

test('a pattern that covers another one matches all that the other one matches', () => {
  fc.assert(
    fc.property(glob, glob, host, (earlier, later, name) => {
      if (covers(earlier, later) && compileGlob(later)(name)) expect(compileGlob(earlier)(name)).toBe(true)
    }),
    { numRuns: 10_000 },
  )
})

test.each([
  ['*', 'web*', true],
  ['*.example.com', 'a.example.com', true],
  ['*.example.com', '*.app.example.com', true],
  ['*.app.example.com', '*.example.com', false],
  ['web*', '*', false],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'ab', false],
  ['*.*', 'web.', false],
  ['*.*.*', 'web..', true],
])('%s covers %s: %s', (earlier, later, expected) => {
  expect(covers(earlier, later)).toBe(expected)
})

test('of several that cover another one it is the first', () => {
  fc.assert(
    fc.property(fc.array(glob, { maxLength: 6 }), glob, (earlier, later) => {
      const first = earlier.findIndex(each => covers(each, later))
      expect(firstOver(earlier, later)).toBe(first < 0 ? undefined : first)
    }),
  )
  expect(firstOver(['web*', '*.com', '*.example.com', '*'], 'a.example.com')).toBe(1)
})
