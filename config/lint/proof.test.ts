import { describe, expect, test } from 'vitest'
import { flawOf } from './proof.ts'
import { View } from './view.ts'

const flaw = (before: string, after: string) =>
  flawOf(
    new View({ path: 'configcrates/web.vgo', text: before }),
    new View({ path: 'configcrates/web.vgo', text: after }),
  )

const crate = (lines: string) => `name: web\nresources:\n  - type: service\n    service: a\n${lines}`

describe('the proof accepts', () => {
  test.each([
    ['another layout', 'a: {b: 1} # c\n', '# c\na:\n  b: 1\n'],
    ['keys in another order', 'a: 1\nb: [2]\n', 'b: [2]\na: 1\n'],
    ['the last of equal keys', 'a: 1\na: 2\n', 'a: 2\n'],
    ['words that mean true or false', crate('    enabled: yes\n'), crate('    enabled: true\n')],
    [
      'a condition for a service that is triggered',
      crate('    state: restarted\n    subscribes: b\n'),
      crate('    state: restarted\n    when: "changed"\n    subscribes: b\n'),
    ],
    ['labels that come and go', '#~ old\nname: a\nresources: []\n', 'name: a #~ new\nresources: []\n'],
  ])('%s', (_what, before, after) => {
    expect(flaw(before, after)).toBeUndefined()
  })
})

describe('the proof finds', () => {
  test.each([
    ['a text that is no YAML', 'a: 1\n', 'a: [1\n', 'YAML could no longer be read from it'],
    ['another value', 'a:\n  - b: 1\n', 'a:\n  - b: 2\n', "the value of 'a.0.b' would change"],
    ['another spelling', 'a: 0644\n', 'a: 644\n', "the value of 'a' would change"],
    ['another style', 'a: x\n', 'a: "x"\n', "the value of 'a' would change"],
    ['another kind', 'a: [x]\n', 'a: {x: 1}\n', "the value of 'a' would change"],
    ['a shorter list', 'a: [1, 2]\n', 'a: [1]\n', "the value of 'a' would change"],
    ['a lost key', 'a: 1\nb: 2\n', 'a: 1\n', "the value of 'b' would change"],
    ['a new key', 'a: 1\n', 'a: 1\nb: 2\n', "the value of 'b' would change"],
    ['a file that is empty now', 'a: 1\n', '\n', 'its value would change'],
    ['a blank more in a text', 'a: |\n  x\n', 'a: |\n  x \n', "the value of 'a' would change"],
    ['a word replaced where text is meant', 'a: yes\n', 'a: true\n', "the value of 'a' would change"],
    [
      'a word replaced by its opposite',
      crate('    enabled: yes\n'),
      crate('    enabled: false\n'),
      "the value of 'resources.0.enabled' would change",
    ],
    [
      'a condition that nobody asked for',
      crate('    state: running\n'),
      crate('    state: running\n    when: "changed"\n'),
      "the value of 'resources.0.when' would change",
    ],
    [
      'another condition',
      crate('    state: reloaded\n    subscribes: b\n'),
      crate('    state: reloaded\n    subscribes: b\n    when: x\n'),
      "the value of 'resources.0.when' would change",
    ],
    ['a lost comment', 'a: 1 # b\n# c\n', 'a: 1\n# c\n', "the comment '# b' would change"],
    ['a comment with a blank less', 'a: 1 # b \n', 'a: 1 # b\n', "the comment '# b ' would change"],
    ['a comment that is there twice', '# b\na: 1\n', '# b\n# b\na: 1\n', "the comment '# b' would change"],
  ])('%s', (_what, before, after, message) => {
    expect(flaw(before, after)).toBe(message)
  })
})
