import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { resourceKeyOrder } from './resource-key-order.ts'

describe('resource-key-order', () => {
  test.each([
    [
      'keys in order',
      `name: web
resources:
  - name: a
    type: file
    target_path: /a
    content: x
    owner: r
    group: r
    mode: "0644"
    when: x
    notify: b
`,
    ],
    [
      "attributes of a custom executor, among which the author's order stays",
      `name: web
resources:
  - name: a
    type: own
    skip_validation: true
    zeta: 1
    alpha: 2
    depends_on: b
`,
    ],
    [
      'resources in flow style',
      `name: web
resources:
  - {type: file, name: a}
`,
    ],
    [
      'anchors, which come before their aliases',
      `name: web
resources:
  - owner: &o root
    group: *o
    target_path: /a
    type: file
`,
    ],
    [
      'block scalars that keep their final lines',
      `name: web
resources:
  - content: |+
      x

    type: file
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(resourceKeyOrder, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'attributes before the type',
      `name: web
resources:
  - mode: "0644"
    owner: r
    content: |
      # data
      x
    target_path: /a
    type: file
    name: a
`,
      `name: web
resources:
  - name: a
    type: file
    target_path: /a
    content: |
      # data
      x
    owner: r
    mode: "0644"
`,
    ],
    [
      'older spellings, in the place of what they mean',
      `name: web
resources:
  - content: x
    path: /a
    type: file
`,
      `name: web
resources:
  - type: file
    path: /a
    content: x
`,
    ],
    [
      'keys with what is commented out above them',
      `name: web
resources:
  # of the resource
  - owner: r # aside
    #group: r
    mode: "0644"

    # of the type
    type: file
    # last

    # foot
  - type: own
`,
      `name: web
resources:
  # of the resource
  # of the type
  - type: file
    # last
    owner: r # aside
    #group: r
    mode: "0644"

    # foot
  - type: own
`,
    ],
    [
      'a map below its dash',
      `name: web
resources:
  -
    # first
    owner: r
    # of the type
    type: file
`,
      `name: web
resources:
  -
    # first
    # of the type
    type: file
    owner: r
`,
    ],
    [
      'attributes that the type does not know, behind the others',
      `name: web
resources:
  - zeta: 1
    notify: b
    type: file
    owner: r
`,
      `name: web
resources:
  - type: file
    owner: r
    zeta: 1
    notify: b
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(resourceKeyOrder, text).text).toBe(corrected)
    expect(applied(resourceKeyOrder, corrected).messages).toEqual([])
  })
})
