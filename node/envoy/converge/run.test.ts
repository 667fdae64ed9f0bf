import { describe, expect, test } from 'vitest'
import { MAX_FROM_ENVOY_BYTES } from '#node/checkin'
import { ExecutorError } from '../executors/errors.ts'
import { labs, messageOf, resource, states } from './fixture.ts'

const theLab = labs()

describe('a run', () => {
  test('puts right what is new, finds it compliant, and tells drift from intended change', async () => {
    const lab = theLab()
    const old = resource('a/x')
    expect(states(await lab.run([old]))).toEqual({ 'a/x': 'changed' })
    expect(states(await lab.run([old]))).toEqual({ 'a/x': 'compliant' })
    lab.toy.values.set('a/x', 'by hand')
    expect(states(await lab.run([old]))).toEqual({ 'a/x': 'corrected' })
    const next = resource('a/x', { attributes: { key: 'a/x', value: 'other' } })
    expect(states(await lab.run([next]))).toEqual({ 'a/x': 'changed' })
    await lab.restart()
    lab.toy.values.set('a/x', 'by hand')
    expect(states(await lab.run([next]))).toEqual({ 'a/x': 'corrected' })
  })

  test('does not count a failure to put drift right as new afterwards', async () => {
    const lab = theLab()
    await lab.run([resource('a/x')])
    lab.toy.values.delete('a/x')
    lab.toy.broken.set('apply a/x', new ExecutorError('failed', 'no'))
    expect(states(await lab.run([resource('a/x')]))).toEqual({ 'a/x': 'failed' })
    lab.toy.broken.clear()
    expect(states(await lab.run([resource('a/x')]))).toEqual({ 'a/x': 'corrected' })
  })

  test('reports only what is neither compliant nor skipped, and counts all', async () => {
    const lab = theLab()
    lab.toy.values.set('a/x', 'wanted')
    const { run: report } = await lab.run([
      resource('a/x'),
      resource('a/y'),
      resource('a/s', { type: 'service', attributes: { key: 's' } }),
    ])
    expect(report.results.map(({ id }) => id)).toEqual(['a/y'])
    expect(report.counts).toMatchObject({ compliant: 1, changed: 1, skipped: 1, failed: 0 })
  })

  test('blocks what depends on a failure, names the culprit, and goes on with the rest', async () => {
    const lab = theLab()
    lab.toy.broken.set('apply a/x', new ExecutorError('failed', 'no'))
    const result = await lab.run([
      resource('a/x'),
      resource('a/y', { dependsOn: ['a/x'] }),
      resource('a/z', { dependsOn: ['a/y'] }),
      resource('b/free'),
    ])
    expect(states(result)).toEqual({ 'a/x': 'failed', 'a/y': 'blocked', 'a/z': 'blocked', 'b/free': 'changed' })
    expect(messageOf(result, 'a/y')).toBe("not tried, because it depends on 'a/x', which failed")
    expect(messageOf(result, 'a/z')).toBe("not tried, because it depends on 'a/y', and 'a/x' failed")
  })

  test('says blocked when the machine is in the way, and failed for anything else that is thrown', async () => {
    const lab = theLab()
    lab.toy.broken.set('apply a/x', new ExecutorError('blocked', 'the disk is full'))
    lab.toy.broken.set('check a/y', new TypeError('a bug'))
    lab.toy.broken.set('apply a/z', new ExecutorError('unsafe', 'a link'))
    const result = await lab.run([resource('a/x'), resource('a/y'), resource('a/z')])
    expect(states(result)).toEqual({ 'a/x': 'blocked', 'a/y': 'failed', 'a/z': 'failed' })
    expect(messageOf(result, 'a/x')).toBe('the disk is full')
  })

  test('checks again after applying, and says what still differs', async () => {
    const lab = theLab()
    lab.toy.broken.set('keep a/x', new Error('unused'))
    const result = await lab.run([resource('a/x')])
    expect(states(result)).toEqual({ 'a/x': 'failed' })
    expect(messageOf(result, 'a/x')).toContain('still differs: value is , not wanted')
  })

  test('does not touch what is refused, has no executor here, or is outside of a sandbox', async () => {
    const lab = theLab()
    const sandboxed = { ...lab.toy.machine, isSandboxed: true, root: '/tmp/root' }
    lab.equipment = {
      ...lab.equipment,
      machine: sandboxed,
      refusalOf: ({ id }) => (id === 'a/own' ? 'the agent protects itself' : null),
    }
    const result = await lab.run([
      resource('a/own'),
      resource('a/new', { type: 'hologram' }),
      resource('a/host', { type: 'host-value' }),
    ])
    expect(states(result)).toEqual({ 'a/own': 'blocked', 'a/new': 'blocked', 'a/host': 'blocked' })
    expect(messageOf(result, 'a/host')).toContain('allow_host')
    expect(lab.toy.log).toEqual([])
    lab.equipment = { ...lab.equipment, allowHost: true }
    expect(states(await lab.run([resource('a/host', { type: 'host-value' })]))).toEqual({ 'a/host': 'changed' })
  })

  test('stops a resource that takes too long, and goes on', async () => {
    const lab = theLab()
    const limits = { ...lab.equipment.limits, resourceMs: 20, graceMs: 0, stopMs: 50 }
    lab.equipment = { ...lab.equipment, limits }
    lab.toy.onApply = async (key, signal) => {
      if (key === 'a/slow') await new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
      if (key === 'a/deaf') await new Promise(() => undefined)
    }
    const result = await lab.run([resource('a/slow'), resource('a/deaf'), resource('a/y')])
    expect(states(result)).toEqual({ 'a/slow': 'failed', 'a/deaf': 'failed', 'a/y': 'changed' })
    expect(messageOf(result, 'a/deaf')).toContain('did not stop')
  })

  test('is ended when it takes too long as a whole', async () => {
    const lab = theLab()
    lab.equipment = { ...lab.equipment, limits: { ...lab.equipment.limits, runMs: 20 } }
    lab.toy.onApply = (_key, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
    const { run: report, results } = await lab.run([resource('a/x'), resource('a/y')])
    expect(report.outcome).toBe('interrupted')
    expect(results.map(({ state }) => state)).toEqual(['blocked', 'skipped'])
    expect(results[0]?.message).toContain('the run took longer than 20 ms')
  })

  test('keeps a report of many long failures below the size of a message, the failures first', async () => {
    const lab = theLab()
    const long = 'é'.repeat(16_000)
    const many = Array.from({ length: 1500 }, (_, at) =>
      resource(`a/n${at}`, { attributes: { key: `n${at}`, value: long, note: long } }),
    )
    lab.toy.broken.set('apply n1400', new ExecutorError('failed', long))
    const { run: report } = await lab.run(many)
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(MAX_FROM_ENVOY_BYTES)
    expect(report.results.map(({ id }) => id)).toContain('a/n1400')
    expect(report.results.length + report.resultsLeftOut).toBe(1500)
  })
})
