import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { label } from './label.ts'

describe('label', () => {
  test.each([
    [
      'labels that are right',
      `#~ Manages file
name: web
resources:
  #~ Deploy /a
  - type: file
    target_path: /a
`,
    ],
    [
      'comments that only look like labels, and data',
      `#~ Manages nothing
#~~~ banner
#~tight
name: web #~ aside
description: |
  #~ data
resources: []
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(label, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'a crate without labels',
      `name: web
resources:
  - type: file
    target_path: /a
  - {type: package, package: b}
`,
      `#~ Manages file, package
name: web
resources:
  #~ Deploy /a
  - type: file
    target_path: /a
  #~ Install b package
  - {type: package, package: b}
`,
    ],
    [
      'labels that are old, or in other places',
      `# mine
#~ Manages other
name: web
#~ stray
resources:
  #~ Deploy /b
  # mine
  - type: file
    #~ inside
    target_path: /a
`,
      `#~ Manages file
# mine
name: web
resources:
  # mine
  #~ Deploy /a
  - type: file
    target_path: /a
`,
    ],
    [
      'a label whose place is above the start of the document',
      `---
name: web
resources: []
`,
      `#~ Manages nothing
---
name: web
resources: []
`,
    ],
    [
      'a file with a shebang',
      '#!/usr/bin/env vigo\n#~ old\nname: web\nresources: []\n',
      '#!/usr/bin/env vigo\n#~ Manages nothing\nname: web\nresources: []\n',
    ],
    [
      'attributes that the crate gives',
      `name: web
defaults:
  state: absent
resources:
  - type: file
    target_path: /a
`,
      `#~ Manages file
name: web
defaults:
  state: absent
resources:
  #~ Remove /a
  - type: file
    target_path: /a
`,
    ],
    [
      'a resource of a custom executor',
      `name: web
resources:
  - name: deploy-app
    type: capistrano
`,
      `#~ Manages capistrano
name: web
resources:
  #~ Run capistrano for deploy-app
  - name: deploy-app
    type: capistrano
`,
    ],
    [
      'a label below a block scalar that keeps its final lines',
      `name: web
resources:
  - type: file
    content: |+
      x
  #~ old

  - type: own
`,
      `#~ Manages file, own
name: web
resources:
  #~ Deploy file
  - type: file
    content: |+
      x
  #~ Run own for this host
  - type: own
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(label, text).text).toBe(corrected)
    expect(applied(label, corrected).messages).toEqual([])
  })

  test('wraps what a crate of many types manages', () => {
    const types = Array.from({ length: 50 }, (_, at) => `  - type: executor-number-${at}\n`).join('')
    const { text } = applied(label, `name: web\nresources:\n${types}`)
    const head = text.split('\n').filter(line => line.startsWith('#~'))
    expect(head.every(line => line.length <= 100)).toBe(true)
    expect(head.at(0)).toBe('#~ Manages executor-number-0, executor-number-1, executor-number-2, executor-number-3,')
    expect(head.at(-1)).toMatch(/executor-number-39, 10 more$/)
  })
})
