import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resource } from '../converge/fixture.ts'
import { labs, policy, until } from './fixture.ts'

const theLab = labs()

describe('without a server', () => {
  test('the kept bundle is applied, and the reports arrive afterwards in their order, each once', async () => {
    const lab = theLab()
    const { network, toy, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    network.partition([['envoy'], ['bolt']])
    await until(() => expect(loop.status().bolt).toBeNull())
    const ran: string[] = []
    for (const value of ['one', 'two', 'three']) {
      toy.values.set('a/x', value)
      const result = await loop.passNow()
      if (result.kind === 'ran') ran.push(result.converged.run.id)
      expect(result).toMatchObject({ kind: 'ran', converged: { run: { offline: true, counts: { corrected: 1 } } } })
    }
    expect(loop.status().waiting.join()).toContain('a server for 3 reports')
    network.heal()
    await until(() => expect(loop.status().queuedReports).toBe(0))
    const ids = bolt.of('report').map(({ run }) => run.id)
    expect(ids.slice(1, 4)).toEqual(ran)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('a restarted agent applies what it has, and tells of a run that it was killed in', async () => {
    const lab = theLab()
    const { network, toy, bolt } = lab
    bolt.bundle = policy([resource('a/x'), resource('a/y')])
    const reached = Promise.withResolvers<void>()
    toy.onApply = key => {
      if (key !== 'a/y') return Promise.resolve()
      reached.resolve()
      return new Promise(() => undefined)
    }
    await lab.startLoop()
    await reached.promise
    lab.loops.length = 0
    network.kill('envoy')
    toy.onApply = async () => undefined
    lab.host = lab.newHost('envoy')
    await lab.startLoop()
    await until(() => expect(bolt.of('report').length).toBeGreaterThanOrEqual(2))
    const [killed, finished] = bolt.of('report').map(({ run }) => run)
    expect(killed).toMatchObject({ outcome: 'interrupted', counts: { changed: 1, blocked: 1 } })
    expect(finished).toMatchObject({ outcome: 'completed', counts: { compliant: 1, changed: 1 } })
    expect(killed?.id).not.toBe(finished?.id)
  })

  test('the next bolt is taken when one is gone or does not answer', async () => {
    const lab = theLab()
    const { network, bolt } = lab
    const other = await lab.startBolt('other')
    bolt.bundle = other.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop({
      bolts: ['bolt', 'other'],
      homingTimes: { graceMs: 50, stableMs: 60_000, spreadMs: 0 },
    })
    await until(() => expect(loop.status().lastRun).not.toBeNull())
    const first = loop.status().bolt ?? ''
    network.kill(first)
    await until(() => expect(loop.status().bolt).toBe(first === 'bolt' ? 'other' : 'bolt'))
  })

  test('a conversation that breaks off is taken up again', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.hangUp()
    await until(() => expect(bolt.of('hello')).toHaveLength(2))
    await until(() => expect(loop.status().bolt).toBe('bolt'))
  })
})

test('who asks for a run hears when the server goes away instead of answering', async () => {
  const lab = theLab()
  const { bolt } = lab
  bolt.bundle = policy([resource('a/x')])
  const loop = await lab.startLoop()
  await until(() => expect(bolt.of('report')).toHaveLength(1))
  bolt.isMute = true
  const result = loop.passNow()
  await until(() => expect(bolt.of('check-in')).toHaveLength(2))
  bolt.hangUp()
  expect(await result).toMatchObject({ kind: 'nothing', reason: expect.stringContaining('the server is gone') })
})

describe('a machine in trouble', () => {
  test('with a full disk still converges and reports', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    await lab.startLoop({
      write: async () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      },
    })
    await until(() => expect(lab.states()).toEqual(['changed']))
  })

  test('with damaged files starts, and gets its bundle again', async () => {
    const lab = theLab()
    const { folder, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    await writeFile(join(folder, 'bundle.json'), JSON.stringify({ ...bolt.bundle, host: 'other' }))
    await writeFile(join(folder, 'run.journal'), '\0\0\0\n')
    await writeFile(join(folder, 'applied.json'), '[]')
    await lab.startLoop()
    await until(() => expect(lab.states()).toEqual(['changed']))
    expect((await readdir(folder)).filter(name => name.endsWith('.damaged'))).toHaveLength(3)
  })

  test('that is stopped in the middle of a run stops soon and keeps an honest report', async () => {
    const lab = theLab()
    const { folder, toy, bolt } = lab
    bolt.bundle = policy([resource('a/x'), resource('a/y')])
    const reached = Promise.withResolvers<void>()
    toy.onApply = (_key, signal) => {
      reached.resolve()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const loop = await lab.startLoop()
    await reached.promise
    await loop.close()
    const [name = ''] = await readdir(join(folder, 'reports'))
    expect(JSON.parse(await readFile(join(folder, 'reports', name), 'utf8'))).toMatchObject({
      outcome: 'interrupted',
      counts: { blocked: 1, skipped: 1 },
    })
    expect(await readdir(folder)).not.toContain('run.journal')
  })
})
