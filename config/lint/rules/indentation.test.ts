import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { indentation } from './indentation.ts'

describe('indentation', () => {
  test.each([
    [
      'two spaces',
      `a:
  b:
    - c: 1
      d:
        - e
`,
    ],
    [
      'text of block scalars',
      `a:
  b: |
    x
      y

    # z
  c: |1
    x
   y
`,
    ],
    [
      'several lines in quotes and brackets',
      `a: [1,
     2]
b: "x
        y"
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(indentation, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'four spaces',
      `a:
    b:
        c: 1
`,
      `a:
  b:
    c: 1
`,
    ],
    [
      'dashes below their key',
      `a:
- b: 1
  c: 2
- d
`,
      `a:
  - b: 1
    c: 2
  - d
`,
    ],
    [
      'blanks behind a dash',
      `a:
  -   b: 1
      c: 2
`,
      `a:
  - b: 1
    c: 2
`,
    ],
    [
      'a dash alone on its line',
      `a:
    -
        b: 1
        c: 2
`,
      `a:
  -
    b: 1
    c: 2
`,
    ],
    [
      'comments, with what they belong to',
      `a:
    # above b
    b: 1
  # above c
    c: 2
      # below c
# end
`,
      `a:
  # above b
  b: 1
  # above c
  c: 2
  # below c
# end
`,
    ],
    [
      'comments that would become text',
      `a:
    b: |
            x
          # note
    c: 1
`,
      `a:
  b: |
    x
  # note
  c: 1
`,
    ],
    [
      'block scalars, whose lines keep their distances',
      `a:
    b: |
          x
            # y

          z
    c: |2
        x
       # y
`,
      `a:
  b: |
    x
      # y

    z
  c: |2
      x
     # y
`,
    ],
    [
      'brackets and quotes of several lines, as a whole',
      `a:
    b: [1,
        2, # two
      ]
    c: "x
      y"
`,
      `a:
  b: [1,
      2, # two
    ]
  c: "x
    y"
`,
    ],
    [
      'lists in lists',
      `a:
-   -   1
    -   2
`,
      `a:
  - - 1
    - 2
`,
    ],
    [
      'a map that starts on a line of its own',
      `  a: 1
  b: 2
`,
      `a: 1
b: 2
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(indentation, text).text).toBe(corrected)
    expect(applied(indentation, corrected).messages).toEqual([])
  })
})
