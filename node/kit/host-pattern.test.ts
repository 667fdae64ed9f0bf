import { expect, test } from 'vitest'
import { allowedByPatterns } from './host-pattern.ts'

test('of pattern lists the first match decides and no match denies', () => {
  expect(allowedByPatterns([], 'a')).toBe(false)
  expect(allowedByPatterns(['-a*', '*'], 'a1')).toBe(false)
  expect(allowedByPatterns(['-a*', '*'], 'b1')).toBe(true)
  expect(allowedByPatterns(['b*'], 'a1')).toBe(false)
})
