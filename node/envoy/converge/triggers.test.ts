import { describe, expect, test } from 'vitest'
import type { BundleResource } from '#config/store'
import { ExecutorError } from '../executors/errors.ts'
import { labs, resource, states } from './fixture.ts'

const theLab = labs()

describe('triggers', () => {
  const restarted = (given: Partial<BundleResource> = {}) =>
    resource('a/s', { type: 'service', attributes: { key: 's' }, ...given })

  test('act once when something has changed, whichever side names the other', async () => {
    const lab = theLab()
    const result = await lab.run([
      resource('a/x', { notify: ['a/s'] }),
      resource('a/y'),
      restarted({ subscribes: ['a/y'] }),
    ])
    expect(states(result)).toMatchObject({ 'a/s': 'changed' })
    expect(lab.toy.log.filter(line => line === 'apply s')).toHaveLength(1)
    expect(states(await lab.run([resource('a/x', { notify: ['a/s'] }), restarted()]))).toMatchObject({
      'a/s': 'skipped',
    })
  })

  test('are drift when what they follow was drift', async () => {
    const lab = theLab()
    const resources = [resource('a/x', { notify: ['a/s'] }), restarted()]
    await lab.run(resources)
    lab.toy.values.set('a/x', 'by hand')
    expect(states(await lab.run(resources))).toEqual({ 'a/x': 'corrected', 'a/s': 'corrected' })
  })

  test('from a resource that comes later give one more turn at the end', async () => {
    const lab = theLab()
    const result = await lab.run([restarted(), resource('a/x', { notify: ['a/s'] }), resource('a/y')])
    expect(states(result)).toEqual({ 'a/s': 'changed', 'a/x': 'changed', 'a/y': 'changed' })
    expect(lab.toy.log.at(-1)).toBe('apply s')
  })

  test('in a circle end, and do not go round again in the next run', async () => {
    const lab = theLab()
    const resources = [
      restarted({ notify: ['a/t'] }),
      resource('a/t', { type: 'service', attributes: { key: 't' }, notify: ['a/s'] }),
      resource('a/x', { notify: ['a/s'] }),
    ]
    await lab.run(resources)
    expect(lab.toy.log.filter(line => line.startsWith('apply')).length).toBeLessThanOrEqual(6)
    const before = lab.toy.log.length
    expect(states(await lab.run(resources))).toEqual({ 'a/s': 'skipped', 'a/t': 'skipped', 'a/x': 'compliant' })
    expect(lab.toy.log.slice(before).filter(line => line.startsWith('apply'))).toEqual([])
  })

  test('hold a condition on changes', async () => {
    const lab = theLab()
    const gated = resource('a/g', { when: 'changed', subscribes: ['a/x'] })
    lab.toy.values.set('a/x', 'wanted')
    expect(states(await lab.run([resource('a/x'), gated]))).toEqual({ 'a/x': 'compliant', 'a/g': 'skipped' })
    lab.toy.values.delete('a/x')
    expect(states(await lab.run([resource('a/x'), gated]))).toEqual({ 'a/x': 'corrected', 'a/g': 'changed' })
  })

  test('are not lost when a service does not start again: the next run tries it', async () => {
    const lab = theLab()
    const resources = [resource('a/x', { notify: ['a/s'] }), restarted(), resource('a/z', { dependsOn: ['a/s'] })]
    lab.toy.broken.set('apply s', new ExecutorError('failed', 'exit code 1'))
    expect(states(await lab.run(resources))).toEqual({ 'a/x': 'changed', 'a/s': 'failed-restart', 'a/z': 'blocked' })
    await lab.restart()
    expect(states(await lab.run(resources))).toMatchObject({ 'a/x': 'compliant', 'a/s': 'failed-restart' })
    lab.toy.broken.clear()
    expect(states(await lab.run(resources))).toEqual({ 'a/x': 'compliant', 'a/s': 'changed', 'a/z': 'changed' })
    expect(states(await lab.run(resources))).toMatchObject({ 'a/s': 'skipped' })
  })
})
