import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { ExecutorError } from '../executors/errors.ts'
import { labs, messageOf, resource, states } from './fixture.ts'

const theLab = labs()

describe('conditions', () => {
  test('are asked of the machine, and those that cannot be told are failures', async () => {
    const lab = theLab()
    lab.toy.traits.set('os.family', 'debian')
    const result = await lab.run([
      resource('a/dir', { when: `dir_exists('${lab.folder}') && os_family('debian')` }),
      resource('a/no', { when: `file_exists('${lab.folder}') || command_succeeds('false')` }),
      resource('a/yes', { when: "command_succeeds('true')" }),
      resource('a/trait', { when: "trait('no.such', 'x')" }),
      resource('a/bad', { when: 'no_such_function(' }),
      resource('a/service', { when: "service_running('s')" }),
    ])
    expect(states(result)).toEqual({
      'a/dir': 'changed',
      'a/no': 'skipped',
      'a/yes': 'changed',
      'a/trait': 'failed',
      'a/bad': 'failed',
      'a/service': 'blocked',
    })
    expect(messageOf(result, 'a/no')).toContain('its condition does not hold')
  })
})

describe('a dry run', () => {
  const dry = { mode: 'dry-run' } as const

  test('changes nothing, writes nothing, and says what would change', async () => {
    const lab = theLab()
    const result = await lab.run([resource('a/x', { notify: ['a/s'] }), resource('a/s', { type: 'service' })], dry)
    expect(states(result)).toEqual({ 'a/x': 'would-change', 'a/s': 'would-change' })
    expect(lab.toy.log.filter(line => line.startsWith('apply'))).toEqual([])
    expect(await readdir(lab.folder)).toEqual([])
  })

  test('cannot tell what depends on something that would change, unless it differs already', async () => {
    const lab = theLab()
    lab.toy.values.set('a/y', 'wanted')
    lab.toy.broken.set('check a/w', new ExecutorError('blocked', 'no such program'))
    const result = await lab.run(
      [
        resource('a/x'),
        resource('a/y', { dependsOn: ['a/x'] }),
        resource('a/z', { dependsOn: ['a/x'] }),
        resource('a/w', { dependsOn: ['a/y'] }),
        resource('a/g', { dependsOn: ['a/x'], when: "command_succeeds('false')" }),
        resource('a/c', { dependsOn: ['a/x'], when: 'changed' }),
      ],
      dry,
    )
    expect(states(result)).toEqual({
      'a/x': 'would-change',
      'a/y': 'unknown-in-check',
      'a/z': 'would-change',
      'a/w': 'unknown-in-check',
      'a/g': 'unknown-in-check',
      'a/c': 'skipped',
    })
    expect(messageOf(result, 'a/y')).toContain("'a/x' would change before")
  })
})
