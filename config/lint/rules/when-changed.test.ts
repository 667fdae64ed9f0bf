import { describe, expect, test } from 'vitest'
import { applied } from './fixture.ts'
import { whenChanged } from './when-changed.ts'

describe('when-changed', () => {
  test.each([
    [
      'a service that has a condition',
      `name: web
resources:
  - type: service
    service: a
    state: restarted
    when: is_container
    subscribes: [b]
`,
    ],
    [
      'a service that keeps running',
      `name: web
resources:
  - type: service
    service: a
    state: running
    subscribes: [b]
`,
    ],
    [
      'a service that nothing triggers',
      `name: web
resources:
  - type: service
    service: a
    state: restarted
`,
    ],
    [
      'a service in flow style',
      `name: web
resources: [{type: service, service: a, state: reloaded, subscribes: b}]
`,
    ],
  ])('leaves %s alone', (_what, text) => {
    expect(applied(whenChanged, text)).toEqual({ text, messages: [] })
  })

  test.each([
    [
      'a service that restarts and subscribes',
      `name: web
resources:
  - type: service
    service: a
    state: restarted
    subscribes: [b]
`,
      `name: web
resources:
  - type: service
    service: a
    state: restarted
    when: "changed"
    subscribes: [b]
`,
    ],
    [
      'a service that starts with what it subscribes to',
      `name: web
resources:
- subscribes: b # why
  type: service
  state: reloaded
`,
      `name: web
resources:
- when: "changed"
  subscribes: b # why
  type: service
  state: reloaded
`,
    ],
  ])('corrects %s', (_what, text, corrected) => {
    expect(applied(whenChanged, text).text).toBe(corrected)
    expect(applied(whenChanged, corrected).messages).toEqual([])
  })
})
