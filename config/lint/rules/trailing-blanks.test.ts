import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { trailingBlanks } from './trailing-blanks.ts'

describe('trailing-blanks', () => {
  test.each([
    ['blanks that are data of a block scalar', 'a: |\n  x  \n    \n  y\t\n'],
    ["blanks behind a comment, which is its author's", 'a: 1 # note  \n# note\t\n'],
    ['a blank that a backslash makes data', 'a: "x\\ \n  y"\n'],
    ['a block scalar of nothing but blanks', 'a: |+\n   \n'],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(trailingBlanks, text)).toEqual({ text, messages: [] })
  })

  test.each([
    ['blanks behind values and keys', 'a: 1  \nb: \n  c: 2\t\n', 'a: 1\nb:\n  c: 2\n'],
    ['a line of blanks', 'a: 1\n   \nb: 2\n', 'a: 1\n\nb: 2\n'],
    ['blanks at the end of the file', 'a: 1\n  ', 'a: 1\n'],
    ['an empty line of a block scalar', 'a: |\n  x\n  \n  y\n', 'a: |\n  x\n\n  y\n'],
    ['folded lines of a quoted scalar', 'a: "x  \n  y"\n', 'a: "x\n  y"\n'],
    ['folded lines of a plain scalar', 'a: x  \n  y\n', 'a: x\n  y\n'],
    ['an aside of a list in brackets', 'a: [1, \n  2] \n', 'a: [1,\n  2]\n'],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(trailingBlanks, text).text).toBe(corrected)
    expect(applied(trailingBlanks, corrected).messages).toEqual([])
  })
})
