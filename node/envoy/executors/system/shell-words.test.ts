import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoted } from '../shell.ts'
import { shellWords } from './shell-words.ts'

test('options are split as a shell does', () => {
  expect(shellWords('')).toEqual([])
  expect(shellWords(`  -o 'A B'=c"d \\"e" -t\\ x  `)).toEqual(['-o', 'A B=cd "e', '-t x'])
  for (const bad of [`'a`, `a "b`, `a \\`]) expect(() => shellWords(bad), bad).toThrow(/quote/)
})

test('quoted words come back whole, and any text ends', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), words => {
      expect(shellWords(words.map(quoted).join(' '))).toEqual(words)
    }),
  )
  expect(shellWords('a\\  b\\ ')).toEqual(['a ', 'b '])
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '"', '\\', ' ', 'a'), maxLength: 60 }), text => {
      try {
        shellWords(text)
      } catch (error) {
        expect(error).toMatchObject({ code: 'failed' })
      }
    }),
  )
})
