import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Bundle } from '#config/store'
import { CHECKIN_PROTOCOL, STILL } from '#node/checkin'
import { resource } from '../converge/fixture.ts'
import { labs, policy, until } from './fixture.ts'

const theLab = labs()

describe('a hostile or broken server', () => {
  test('cannot make an envoy apply the bundle of another host', async () => {
    const lab = theLab()
    const { folder, toy, bolt } = lab
    bolt.bundle = policy([resource('a/x')], { host: 'db.a' })
    const loop = await lab.startLoop()
    await until(() => expect(loop.status().waiting.join()).toContain("it is for 'db.a', and this machine is 'web.a'"))
    expect(toy.log).toEqual([])
    expect(await readdir(folder)).not.toContain('bundle.json')
  })

  test.each<[string, unknown]>([
    ['no bundle at all', 7],
    ['no resources', { host: 'web.a' }],
    ['two resources of one id', policy([resource('a/x'), resource('a/x')])],
    ['a resource without attributes', { ...policy([]), resources: [{ id: 'a/x', type: 'value' }] }],
    ['a type that is a path', policy([resource('a/x', { type: '../x' })])],
  ])('is not followed when it sends %s', async (_what, sent) => {
    const lab = theLab()
    const { toy, bolt } = lab
    bolt.answerCheckIn = () => ({ type: 'bundle', bundle: sent as Bundle, intervalMs: 60_000, secretsEpoch: 1 })
    const loop = await lab.startLoop()
    await until(() => expect(loop.status().waiting.join()).toContain('malformed'))
    expect(toy.log).toEqual([])
  })

  test('is left when it sends what is no message, and tried again', async () => {
    const lab = theLab()
    const noise = lab.newHost('noise')
    let streams = 0
    await noise.serve(CHECKIN_PROTOCOL, { maxFrameBytes: 1e9 }, async stream => {
      streams++
      await stream.receive()
      await stream
        .send(streams === 1 ? new Uint8Array([0xff, 0xfe]) : new Uint8Array(33 * 1024 * 1024))
        .catch(() => undefined)
      await new Promise(resolve => stream.closed.addEventListener('abort', resolve))
    })
    const loop = await lab.startLoop({ bolts: ['noise'] })
    await until(() => expect(streams).toBeGreaterThanOrEqual(3))
    expect(loop.status().lastRun).toBeNull()
  })

  test('is left when it repeats an answer that it has not given', async () => {
    const { bolt } = theLab()
    bolt.answerCheckIn = () => STILL
    const loop = await theLab().startLoop()
    await until(() => expect(bolt.of('hello').length).toBeGreaterThan(1))
    expect(loop.status().lastRun).toBeNull()
  })

  test('may say what this version does not know, and push what nobody asked for', async () => {
    const lab = theLab()
    const { toy, bolt } = lab
    bolt.bundle = policy([resource('a/x')])
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    await bolt.say({ type: 'new-in-version-9' } as never)
    await bolt.say({ type: 'run-task', task: null } as never)
    await bolt.say({ type: 'report-stored', run: '../../x' })
    await bolt.say(STILL)
    await bolt.say({ type: 'bundle', bundle: policy([resource('a/evil')]), intervalMs: 1, secretsEpoch: 1 })
    expect(await loop.passNow()).toMatchObject({ kind: 'ran' })
    expect(toy.log.join()).not.toContain('evil')
    expect(loop.status().bolt).toBe('bolt')
  })

  test('that stores nothing gets each report again, and nothing is lost', async () => {
    const lab = theLab()
    const { folder, bolt } = lab
    bolt.stores = false
    bolt.bundle = policy([resource('a/x')])
    await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.hangUp()
    await until(() => expect(bolt.of('report').length).toBeGreaterThanOrEqual(2))
    expect(new Set(bolt.of('report').map(({ run }) => run.id)).size).toBe(1)
    bolt.stores = true
    bolt.hangUp()
    await until(async () => expect(await readdir(join(folder, 'reports'))).toEqual([]))
  })
})
