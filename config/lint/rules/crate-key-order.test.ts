import { describe, expect, test } from 'vitest'
import { crateKeyOrder } from './crate-key-order.ts'
import { applied } from './fixture.ts'

describe('crate-key-order', () => {
  test.each([
    [
      'keys in order',
      `name: a
description: b
depends_on: c
vars: {}
resources: []
`,
    ],
    [
      "keys that nobody knows, among which the author's order stays",
      `name: a
zeta: 1
alpha: 2
resources: []
`,
    ],
    [
      'anchors, which come before their aliases',
      `resources: &a []
name: x
vars: {y: *a}
`,
    ],
    [
      'files that are no crate',
      `roles: []
envoys: []
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(crateKeyOrder, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'a name at the end, with its comment',
      `# head

resources: []
# of the name
name: a

# foot
`,
      `# head

# of the name
name: a
resources: []

# foot
`,
    ],
    [
      'resources before variables',
      `# about the crate
resources:
  - type: a
    # last
vars:
  b: |
    # data
name: c # aside
`,
      `# about the crate
name: c # aside
vars:
  b: |
    # data
resources:
  - type: a
    # last
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(crateKeyOrder, text).text).toBe(corrected)
    expect(applied(crateKeyOrder, corrected).messages).toEqual([])
  })
})
