import { describe, expect, test } from 'vitest'
import { warningsOf } from './fixture.ts'
import { keyOrderObstacle } from './key-order-obstacle.ts'
import { untriggeredService } from './untriggered-service.ts'
import { wordsAsText } from './words-as-text.ts'

const crate = (lines: string) => `name: web\nresources:\n  - name: a\n${lines.replaceAll(/^/gm, '    ')}\n`

describe('yes-no', () => {
  test.each([
    ['quoted words', 'type: file\ncontent: "yes"'],
    ['words that the attribute has a meaning for', 'type: container\nrestart: no'],
    ['words where true or false is needed: the reader tells', 'type: service\nenabled: yes'],
    ['names', 'type: package\npackage: "on"\nname: on'],
  ])('accepts %s', (_what, lines) => {
    expect(warningsOf(wordsAsText, crate(lines))).toEqual([])
  })

  test.each([
    [
      'text',
      'type: file\ncontent: yes',
      'yes is text in YAML 1.2, not true; quote it, "yes", if text is meant; write true otherwise',
    ],
    [
      'attributes of custom executors',
      'type: own\ntls: Off',
      'Off is text in YAML 1.2, not false; quote it, "Off", if text is meant; write false otherwise',
    ],
  ])('warns of words in %s', (_what, lines, warning) => {
    expect(warningsOf(wordsAsText, crate(lines))).toEqual([warning])
  })
})

describe('untriggered-service', () => {
  test.each([
    [
      'a service that waits for a change',
      'type: service\nstate: restarted\nwhen: changed && is_container\nsubscribes: b',
    ],
    ['a service that subscribes to nothing', 'type: service\nstate: restarted\nwhen: is_container'],
    ['a service that keeps running', 'type: service\nwhen: is_container\nsubscribes: b'],
  ])('accepts %s', (_what, lines) => {
    expect(warningsOf(untriggeredService, crate(lines))).toEqual([])
  })

  test('warns of a service that restarts whenever its condition holds', () => {
    const lines = 'type: service\nstate: reloaded\nwhen: is_container\nsubscribes: b'
    expect(warningsOf(untriggeredService, crate(lines))).toEqual([
      `'a' is reloaded on every run, whether or not what it subscribes to changed; write 'when: "changed && (is_container)"'`,
    ])
  })
})

describe('key-order', () => {
  test.each([
    ['keys in order, with anchors', 'type: file\ntarget_path: &a /a\ncontent: *a'],
    ['keys that the linter orders', 'target_path: /a\ntype: file'],
  ])('accepts %s', (_what, lines) => {
    expect(warningsOf(keyOrderObstacle, crate(lines))).toEqual([])
  })

  test.each([
    [
      'anchors',
      'content: &a x\nowner: *a\ntype: file',
      'an anchor must come before its aliases; the order is name, type, content, owner',
    ],
    [
      'block scalars with +',
      'content: |+\n  x\ntype: file',
      'a block scalar with + would take in the blank lines below its new place; the order is name, type, content',
    ],
  ])('warns of keys that %s keep out of order', (_what, lines, reason) => {
    expect(warningsOf(keyOrderObstacle, crate(lines))).toEqual([
      `the keys of 'a' are not in order and stay as they are: ${reason}`,
    ])
  })
})
