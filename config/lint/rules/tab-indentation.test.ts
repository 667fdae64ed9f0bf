import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { tabIndentation } from './tab-indentation.ts'

describe('tab-indentation', () => {
  test.each([
    ['tabs of a Makefile in a block scalar', 'a: |\n  all:\n  \tgcc\n'],
    ['a first line of a block scalar that starts with spaces and a tab', 'a: |\n  \tx\nb:\n  c: 1\n'],
    ['a tab between words', 'a: x\ty\t# z\n'],
    ['a tab in a quoted scalar of several lines', 'a: "x\n  \ty"\n'],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(tabIndentation, text)).toEqual({ text, messages: [] })
  })

  test.each([
    ['keys that tabs indent', 'a:\n\tb:\n\t\tc: 1\n', 'a:\n  b:\n    c: 1\n'],
    ['a tab before a comment', 'a: 1\n\t# note\n', 'a: 1\n  # note\n'],
    ['a tab behind a dash', 'a:\n  -\tb: 1\n', 'a:\n  -  b: 1\n'],
    ['a tab behind spaces', 'a:\n  b:\n  \tc: 1\n', 'a:\n  b:\n    c: 1\n'],
    [
      'a block scalar that tabs indent, whose own tabs stay',
      'a:\n\tb: |\n\t\tall:\n\t\t\tgcc\n',
      'a:\n  b: |\n    all:\n    \tgcc\n',
    ],
    [
      'keys next to a block scalar with tabs of its own',
      'a: |\n  all:\n  \tgcc\nb:\n\tc: 1\n',
      'a: |\n  all:\n  \tgcc\nb:\n  c: 1\n',
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(tabIndentation, text).text).toBe(corrected)
    expect(applied(tabIndentation, corrected).messages).toEqual([])
  })
})
