import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { yesNo } from './yes-no.ts'

describe('yes-no', () => {
  test.each([
    [
      'quoted words',
      `name: web
resources:
  - type: service
    service: a
    enabled: "yes"
`,
    ],
    [
      'words in attributes that take text',
      `name: web
resources:
  - type: file
    target_path: /a
    content: yes
    owner: on
`,
    ],
    [
      'words in variables, lists and values of custom executors',
      `name: web
vars:
  tls: on
  list: [yes, no]
resources:
  - type: own
    custom: true
    enabled: yes
`,
    ],
    [
      'a word with an anchor, whose aliases may be text, when it is no plain word',
      `name: web
resources:
  - type: service
    service: a
    enabled: !!str yes
`,
    ],
    [
      'words that only start like them',
      `name: web
resources:
  - type: service
    service: a
    enabled: yesterday
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(yesNo, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'words where the schema has true or false',
      `name: web
resources:
  - type: service
    service: a
    enabled: yes
`,
      `name: web
resources:
  - type: service
    service: a
    enabled: true
`,
    ],
    [
      'words in capitals',
      `name: web
resources:
  - type: service
    service: a
    enabled: Off # why
`,
      `name: web
resources:
  - type: service
    service: a
    enabled: false # why
`,
    ],
    [
      'switches of every resource',
      `name: web
resources:
  - type: own
    custom: on
`,
      `name: web
resources:
  - type: own
    custom: true
`,
    ],
    [
      'resources in flow style',
      `name: web
resources: [{type: service, service: a, enabled: n}]
`,
      `name: web
resources: [{type: service, service: a, enabled: false}]
`,
    ],
    [
      'defaults that all types take for true or false',
      `name: web
defaults:
  enabled: no
resources:
  - type: service
    service: a
`,
      `name: web
defaults:
  enabled: false
resources:
  - type: service
    service: a
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(yesNo, text).text).toBe(corrected)
    expect(applied(yesNo, corrected).messages).toEqual([])
  })

  test('corrects the parameters of a task', () => {
    const text = 'name: deploy\ncommand: x\nparams:\n  version:\n    required: yes\n    default: yes\n'
    expect(applied(yesNo, text, 'tasks/deploy.vgo').text).toBe(text.replace('required: yes', 'required: true'))
  })
})
