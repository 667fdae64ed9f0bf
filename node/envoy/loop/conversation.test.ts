import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { resource } from '../converge/fixture.ts'
import { labs, policy, until } from './fixture.ts'

const theLab = labs()

describe('an envoy and its bolt', () => {
  test('say hello, check in with traits, apply the bundle and report it', async () => {
    const lab = theLab()
    const { folder, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(bolt.heard[0]).toEqual({ type: 'hello', version: '1.0.0' })
    expect(bolt.of('check-in')[0]).toMatchObject({ bundle: '', release: '', traits: { os: { family: 'debian' } } })
    expect(bolt.of('report')[0]?.run).toMatchObject({
      release: bolt.bundle.release,
      offline: false,
      counts: { changed: 1 },
    })
    await until(() => expect(loop.status().queuedReports).toBe(0))
    expect(loop.status()).toMatchObject({
      bolt: 'bolt',
      release: bolt.bundle.release,
      waiting: [],
      lastRun: { outcome: 'changed' },
    })
    expect((await stat(join(folder, 'bundle.json'))).mode & 0o777).toBe(0o600)
  })

  test('correct drift with every check-in, and send traits only when they are news', async () => {
    const lab = theLab()
    const { toy, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    await lab.startLoop()
    await until(() => expect(lab.states()).toEqual(['changed']))
    toy.values.set('a/x', 'by hand')
    await bolt.say({ type: 'check-in-now', reason: 'test' })
    await until(() => expect(lab.states()).toEqual(['changed', 'corrected']))
    expect(bolt.of('check-in')[1]).toEqual({
      type: 'check-in',
      bundle: bolt.bundle.hash,
      release: bolt.bundle.release,
      traitsHash: bolt.of('check-in')[0]?.traitsHash,
    })
    expect(toy.values.get('a/x')).toBe('wanted')
  })

  test('keep to the interval that the bolt says', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    bolt.intervalMs = 1_000
    await lab.startLoop()
    await until(() => expect(bolt.checkIns).toBeGreaterThan(2))
  })

  test('say no more than that nothing has changed, until something has', async () => {
    const lab = theLab()
    const { bolt, toy } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    await loop.passNow()
    const said = bolt.of('check-in').length
    for (const value of ['one', 'two']) {
      toy.values.set('a/x', value)
      expect(await loop.passNow()).toMatchObject({ kind: 'ran', converged: { run: { counts: { corrected: 1 } } } })
    }
    expect([bolt.of('check-in').length, bolt.of('still').length]).toEqual([said, 2])
    bolt.bundle = policy([resource('a/x'), resource('a/y')])
    expect(await loop.passNow()).toMatchObject({ kind: 'ran', converged: { run: { counts: { changed: 1 } } } })
    await loop.passNow()
    expect(bolt.of('check-in').at(-1)).toMatchObject({ bundle: bolt.bundle.hash })
  })

  test('begin again from the start when the conversation has broken off', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    await loop.passNow()
    bolt.hangUp()
    await until(() => expect(bolt.of('hello')).toHaveLength(2))
    await until(() => expect(bolt.of('check-in').at(-1)).toMatchObject({ traits: { os: { family: 'debian' } } }))
    expect(bolt.of('still')).toEqual([])
  })

  test('tell the traits again after they were refused', async () => {
    const lab = theLab()
    const { bolt } = lab
    let refusals = 1
    bolt.bundle = policy([resource('a/x')])
    bolt.answerCheckIn = () =>
      refusals-- > 0 ? { type: 'refused', code: 'busy', message: 'too many', retryMs: 1_000 } : null
    const loop = await lab.startLoop()
    await until(() => expect(loop.status().waiting).toContain('the server says: too many'))
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(bolt.of('check-in').every(({ traits }) => traits !== undefined)).toBe(true)
    expect(loop.status().waiting).toEqual([])
  })

  test('apply nothing without a policy, and forget what was kept', async () => {
    const lab = theLab()
    const { folder, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.bundle = null
    expect(await loop.passNow()).toMatchObject({ kind: 'nothing', reason: expect.stringContaining('nothing is live') })
    expect(await readdir(folder)).not.toContain('bundle.json')
    expect(loop.status().release).toBeNull()
  })

  test('take over the release of an unchanged bundle', async () => {
    const lab = theLab()
    const { folder, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.bundle = { ...bolt.bundle, release: sha256Hex('next') }
    await loop.passNow()
    await until(() => expect(bolt.of('report').at(-1)?.run.release).toBe(sha256Hex('next')))
    expect(JSON.parse(await readFile(join(folder, 'bundle.json'), 'utf8')).release).toBe(sha256Hex('next'))
  })

  test('run a task, and refuse what guardrails forbid', async () => {
    const lab = theLab()
    const { bolt } = lab
    await lab.startLoop()
    await until(() => expect(bolt.of('check-in')).toHaveLength(1))
    const task = { id: 'ab'.repeat(16), timeoutMs: 5_000, nice: 0, dryRun: false }
    await bolt.say({ type: 'run-task', task: { ...task, command: 'echo hello' } })
    await bolt.say({ type: 'run-task', task: { ...task, id: 'cd'.repeat(16), command: 'rm -rf /' } })
    await until(() => expect(bolt.of('task-done')).toHaveLength(2))
    expect(bolt.of('task-output')).toEqual([{ type: 'task-output', task: task.id, stream: 'stdout', text: 'hello\n' }])
    expect(bolt.of('task-done').find(({ exitCode }) => exitCode === null)?.problem).toContain('guardrails')
  })

  test('look at what would change without changing it, telling nobody', async () => {
    const lab = theLab()
    const { toy, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    toy.values.delete('a/x')
    const result = await loop.preview()
    expect(result).toMatchObject({
      kind: 'ran',
      converged: { run: { mode: 'dry-run', counts: { 'would-change': 1 } } },
    })
    expect(toy.values.has('a/x')).toBe(false)
    expect(bolt.of('report')).toHaveLength(1)
  })

  test('only look when the agent runs dry', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop({ mode: 'dry-run' })
    await until(() =>
      expect(bolt.of('report')[0]?.run).toMatchObject({ mode: 'dry-run', counts: { 'would-change': 1 } }),
    )
    expect(loop.status().waiting.join()).toContain('dry run')
  })
})
