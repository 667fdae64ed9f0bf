import { describe, expect, test } from 'vitest'
import { duplicateKey } from './duplicate-key.ts'
import { applied } from './fixture.ts'

describe('duplicate-key', () => {
  test.each([
    [
      'equal keys of different maps',
      `a:
  x: 1
b:
  x: 1
`,
    ],
    [
      'keys in a block scalar',
      `a: |
  x: 1
  x: 2
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(duplicateKey, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'a key that stands twice',
      `a: 1
b: 2
a: 3
`,
      `b: 2
a: 3
`,
    ],
    [
      'keys behind a dash, one after the other',
      `b:
  - a: 1 # x
    # y
    c: 2 # z
    a: 3
    c: 4
`,
      `b:
  # x
  # y
  # z
  - a: 3
    c: 4
`,
    ],
    [
      'a key behind a dash that stands three times, and one below it',
      `b:
  - a: 1
    a: 2
    a: 3
    c: 1
    c: 2
`,
      `b:
  - a: 3
    c: 2
`,
    ],
    [
      'a key that stands three times',
      `a: 1
a: 2
a: 3
`,
      `a: 3
`,
    ],
    [
      'values of several lines',
      `a: |
  x

b: 2
a:
  c: 3
`,
      `
b: 2
a:
  c: 3
`,
    ],
    [
      'a nested map, whose comments stay',
      `a:
  # above
  b: 1 # aside
  # below
  b: 2
`,
      `a:
  # above
  # aside
  # below
  b: 2
`,
    ],
    [
      'the first key of a list item',
      `r:
  # item
  - x: 1 # aside
    # between
    y: 2
    x: 3
`,
      `r:
  # item
  # aside
  # between
  - y: 2
    x: 3
`,
    ],
    [
      'equal keys in quotes and without',
      `"a": 1
a: 2
`,
      `a: 2
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(duplicateKey, text).text).toBe(corrected)
    expect(applied(duplicateKey, corrected).messages).toEqual([])
  })

  test('tells what it drops, but no secret', () => {
    expect(applied(duplicateKey, 'mode: 0644\nmode: 0600\n').messages).toEqual([
      "'mode' stands twice; dropped 'mode: 0644'",
    ])
    expect(applied(duplicateKey, 'stdin: hunter2\nstdin: x\n').messages).toEqual([
      "'stdin' stands twice; dropped its first value",
    ])
  })
})
