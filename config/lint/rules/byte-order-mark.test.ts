import { describe, expect, test } from 'vitest'
import { byteOrderMark } from './byte-order-mark.ts'
import { applied } from './fixture.ts'

describe('byte-order-mark', () => {
  test.each([
    ['a text without', 'a: 1\n'],
    ['a mark that is data', 'a: "\ufeff"\n'],
    ['an empty file', ''],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(byteOrderMark, text)).toEqual({ text, messages: [] })
  })

  test.each([
    ['a mark at the start', '\ufeffa: 1\n', 'a: 1\n'],
    ['a file of nothing else', '\ufeff', ''],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(byteOrderMark, text).text).toBe(corrected)
    expect(applied(byteOrderMark, corrected).messages).toEqual([])
  })
})
