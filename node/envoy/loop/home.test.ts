import { describe, expect, test } from 'vitest'
import { resource } from '../converge/fixture.ts'
import { labs, policy, TestBolt, until } from './fixture.ts'
import type { HomingTimes } from './homing.ts'

const lab = labs()
const QUICK: HomingTimes = { graceMs: 100, stableMs: 300, spreadMs: 50 }
const PATIENT: HomingTimes = { ...QUICK, graceMs: 60_000 }
/** It asks to be moved in the same moment in which the order changes. */
const AT_ONCE: HomingTimes = { ...QUICK, spreadMs: 0 }

async function startBoth(homingTimes: HomingTimes = QUICK) {
  const { bolt } = lab()
  const other = await lab().startBolt('other')
  bolt.bundle = other.bundle = policy([resource('a/x')])
  const loop = await lab().startLoop({ bolts: ['bolt', 'other'], homingTimes })
  await until(() => expect(bolt.of('report')).toHaveLength(1))
  return { bolt, other, loop }
}

/** The home is killed; `back` starts it again. */
function killHome(): { back: () => Promise<TestBolt> } {
  lab().network.kill('bolt')
  return {
    back: async () => {
      const started = new TestBolt()
      started.bundle = policy([resource('a/x')])
      await started.serve(lab().newHost('bolt'))
      return started
    },
  }
}

describe('an envoy', () => {
  test('goes to another bolt when routes say so, and tells nothing twice', async () => {
    const { bolt, other, loop } = await startBoth()
    await until(() => expect(loop.status().queuedReports).toBe(0))
    lab().reorder(['other', 'bolt'])
    await until(() => expect(loop.status().bolt).toBe('other'))
    await until(() => expect(other.of('report')).toHaveLength(1))
    expect(bolt.of('report')).toHaveLength(1)
    expect(other.of('report')[0]?.run.id).not.toBe(bolt.of('report')[0]?.run.id)
    lab().reorder(['bolt', 'other'])
    await until(() => expect(loop.status().bolt).toBe('bolt'))
  })

  test('finishes its run first, and reports it', async () => {
    const { bolt, other, loop } = await startBoth(AT_ONCE)
    await lab().host.connect('other')
    const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    lab().toy.onApply = async () => {
      reached.resolve()
      await release.promise
    }
    lab().toy.values.delete('a/x')
    await bolt.say({ type: 'check-in-now', reason: 'test' })
    await reached.promise
    lab().reorder(['other', 'bolt'])
    expect(loop.status().bolt).toBe('bolt')
    release.resolve()
    await until(() => expect(other.of('report')).toHaveLength(1))
    expect(bolt.of('report')).toHaveLength(2)
    const ids = [...bolt.of('report'), ...other.of('report')].map(({ run }) => run.id)
    expect(new Set(ids).size).toBe(3)
  })

  test('is served by another bolt some time after its own died, and goes back when that has been there for a while', async () => {
    const { other, loop } = await startBoth()
    const { back } = killHome()
    await until(() => expect(loop.status().bolt).toBe('other'))
    await until(() => expect(other.of('report')).toHaveLength(1))
    const again = await back()
    await until(() => expect(loop.status().bolt).toBe('bolt'))
    await until(() => expect(again.of('report')).toHaveLength(1))
  })

  test('waits for a bolt that is only restarted', async () => {
    const { other, loop } = await startBoth(PATIENT)
    const { back } = killHome()
    await until(() => expect(loop.status().bolt).toBeNull())
    const again = await back()
    await until(() => expect(again.of('report')).toHaveLength(1))
    expect(other.heard).toEqual([])
  })

  test('starts with another bolt at once when its own is not there, and goes there when it comes', async () => {
    const other = await lab().startBolt('other')
    other.bundle = policy([resource('a/x')])
    const { back } = killHome()
    const loop = await lab().startLoop({ bolts: ['bolt', 'other'], homingTimes: PATIENT })
    await until(() => expect(loop.status().bolt).toBe('other'))
    await back()
    await until(() => expect(loop.status().bolt).toBe('bolt'))
  })

  test('does not leave while a task runs that the other bolt knows nothing of', async () => {
    const { bolt, other, loop } = await startBoth(AT_ONCE)
    await until(() => expect(loop.status().queuedReports).toBe(0))
    await lab().host.connect('other')
    const id = 'ab'.repeat(16)
    const command = 'until test -e stop; do sleep 0.02; done; echo done'
    await bolt.say({ type: 'run-task', task: { id, command, timeoutMs: 20_000, nice: 0, dryRun: false } })
    await bolt.say({
      type: 'run-task',
      task: { id: 'cd'.repeat(16), command: 'echo up', timeoutMs: 9_000, nice: 0, dryRun: false },
    })
    await until(() => expect(bolt.of('task-done')).toHaveLength(1))
    lab().reorder(['other', 'bolt'])
    expect(loop.status().bolt).toBe('bolt')
    const stop = { id: 'ef'.repeat(16), command: 'touch stop', timeoutMs: 9_000, nice: 0, dryRun: false }
    await bolt.say({ type: 'run-task', task: stop })
    await until(() => expect(loop.status().bolt).toBe('other'))
    expect(bolt.of('task-done')).toHaveLength(3)
    expect(other.of('task-done')).toEqual([])
  })

  test('does not try a home for ever that lets it in and never answers', async () => {
    const { bolt, other, loop } = await startBoth()
    bolt.isMute = true
    const hangUp = setInterval(() => bolt.hangUp(), 20)
    try {
      bolt.hangUp()
      await until(() => expect(other.of('check-in').length).toBeGreaterThan(0))
      await until(() => expect(loop.status().bolt).toBe('other'))
    } finally {
      clearInterval(hangUp)
    }
  })
})
