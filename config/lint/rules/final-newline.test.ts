import { describe, expect, test } from 'vitest'
import { finalNewline } from './final-newline.ts'
import { applied } from './fixture.ts'

describe('final-newline', () => {
  test.each([
    ['a file that ends with one', 'a: 1\n'],
    ['an empty file', ''],
    ['blank lines at the end', 'a: 1\n\n'],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(finalNewline, text)).toEqual({ text, messages: [] })
  })

  test.each([
    ['a file that ends without', 'a: 1', 'a: 1\n'],
    ['a block scalar at the end', 'a: |\n  x', 'a: |\n  x\n'],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(finalNewline, text).text).toBe(corrected)
    expect(applied(finalNewline, corrected).messages).toEqual([])
  })
})
