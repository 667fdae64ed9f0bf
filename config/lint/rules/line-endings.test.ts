import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { lineEndings } from './line-endings.ts'

describe('line-endings', () => {
  test.each([['line feeds', 'a: 1\n\nb: "\\r\\n"\n']])('leaves %s alone', (_what, text) => {
    expect(applied(lineEndings, text)).toEqual({ text, messages: [] })
  })

  test.each([
    ['CRLF', 'a: 1\r\nb: |\r\n  x\r\n', 'a: 1\nb: |\n  x\n'],
    ['CR alone', 'a: 1\rb: 2\r', 'a: 1\nb: 2\n'],
    ['all of them in one file', 'a: 1\r\r\nb: 2\n\r', 'a: 1\n\nb: 2\n\n'],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(lineEndings, text).text).toBe(corrected)
    expect(applied(lineEndings, corrected).messages).toEqual([])
  })
})
