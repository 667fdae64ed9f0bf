import { describe, expect, test } from 'vitest'
import { MINUTE, TestServer } from './fixture.ts'
import { rolloutSettings } from './settings.ts'
import { MONITOR_AUTHOR } from './take-back.ts'
import type { Canary } from './types.ts'

const ALICE = { by: 'alice', reason: '' }
const phaseOf = (server: TestServer): Canary['phase'] | undefined => server.rollout.status().canary?.phase

async function stage(server: TestServer, text: string, selector = '2'): Promise<string[]> {
  await server.rollout.announce({ selector, by: 'alice' })
  await server.publish(text)
  const { canary } = server.rollout.status()
  if (canary?.phase !== 'watching') throw new Error(`it is ${canary?.phase}`)
  return [...canary.hosts]
}

async function authors(server: TestServer): Promise<string[]> {
  return (await server.home.releases.history()).entries.map(({ author }) => author).toReversed()
}

describe('a release', () => {
  test('that harms hosts is rolled back by itself, as a new release, on record', async () => {
    await using server = await TestServer.converged(6)
    await server.publish('bad')
    await server.checkIn(server.hosts.slice(0, 4))
    expect(Object.values(server.wanted)).toEqual(Array(6).fill('first'))
    const { entries } = await server.home.releases.history()
    expect(entries[0]).toMatchObject({ kind: 'rollback', author: MONITOR_AUTHOR })
    expect(entries[0]?.reason).toMatch(/^3 of 3 hosts are worse than before release/)
    expect(server.rollout.status().verdicts).toMatchObject([{ verdict: 'rollback', at: server.clock.now() }])
    expect(await server.audited()).toMatchObject([{ action: 'config.rollback', via: 'system', outcome: 'done' }])
  })

  test('that harms nobody is found healthy when its time is over', async () => {
    await using server = await TestServer.converged(6)
    await server.publish('good')
    await server.checkIn()
    await server.pass(16 * MINUTE)
    expect(server.rollout.status()).toMatchObject({ monitor: { phase: 'decided' }, verdicts: [{ verdict: 'healthy' }] })
    await server.restart()
    await server.pass(MINUTE)
    expect(server.rollout.status()).toMatchObject({ monitor: { phase: 'decided' }, verdicts: [{ verdict: 'healthy' }] })
    expect(server.rollout.status().verdicts).toHaveLength(1)
  })

  test('is judged by runs that enforced it, by hosts that are known from before', async () => {
    await using server = await TestServer.converged(4)
    const bad = await server.publish('bad')
    server.addHost('new.example.com')
    const [first = '', second = '', third = ''] = server.hosts
    server.report('new.example.com', bad)
    server.report(first, bad, { mode: 'dry-run' })
    server.report(second, bad, { offline: true, startedAt: server.clock.now() - MINUTE })
    server.report(third, 'f'.repeat(64))
    await server.settle()
    expect(server.rollout.status().monitor).toMatchObject({ phase: 'watching', evidence: { judged: 0 } })
  })

  test('is judged with what was reported before a restart', async () => {
    await using server = await TestServer.converged(6)
    await server.publish('bad')
    await server.checkIn(server.hosts.slice(0, 2))
    await server.restart()
    expect(server.rollout.status().monitor).toMatchObject({ phase: 'watching', evidence: { judged: 2, harmed: 2 } })
    await server.checkIn(server.hosts.slice(2, 3))
    expect(Object.values(server.wanted)).toEqual(Array(6).fill('first'))
  })

  test('that was published while the server was down is judged too', async () => {
    await using server = await TestServer.converged(6)
    server.policy.reload = async () => ({ version: 0, release: null, isChanged: false })
    await server.publish('bad')
    await server.restart()
    await server.checkIn()
    expect(Object.values(server.wanted)).toEqual(Array(6).fill('first'))
  })

  test('is not rolled back again and again', async () => {
    await using server = await TestServer.converged(6)
    for (const text of ['bad 1', 'bad 2', 'bad 3']) {
      await server.publish(text)
      await server.checkIn()
      await server.checkIn()
    }
    expect(Object.values(server.wanted)).toEqual(Array(6).fill('bad 3'))
    expect(server.rollout.status().verdicts[0]).toMatchObject({
      verdict: 'inconclusive',
      because: 'too-many-rollbacks',
    })
    expect((await authors(server)).filter(author => author === MONITOR_AUTHOR)).toHaveLength(2)
  })

  test('is not rolled back while publishing is frozen, and is when that is over', async () => {
    await using server = await TestServer.converged(4)
    await server.publish('bad')
    const { releases } = server.home
    await releases.freeze({ until: '1h', author: 'bob', reason: 'holidays' })
    await server.checkIn()
    await server.pass(MINUTE)
    expect(await authors(server)).not.toContain(MONITOR_AUTHOR)
    expect(await server.audited()).toMatchObject([{ action: 'config.rollback', outcome: 'failed' }])
    await releases.unfreeze()
    await server.pass(MINUTE)
    expect(await authors(server)).toContain(MONITOR_AUTHOR)
    expect(Object.values(server.wanted)).toEqual(Array(4).fill('first'))
  })

  test('that somebody published meanwhile is never taken for the one that did harm', async () => {
    await using server = await TestServer.converged(4)
    const reload = server.policy.reload.bind(server.policy)
    await server.publish('bad')
    // The server has not noticed it yet.
    server.policy.reload = async () => ({ version: 0, release: null, isChanged: false })
    await server.publish('mended')
    await server.checkIn()
    expect(await authors(server)).not.toContain(MONITOR_AUTHOR)
    await reload()
    await server.settle()
    expect(Object.values(server.wanted)).toEqual(Array(4).fill('mended'))
  })
})

describe('a staged release', () => {
  test('goes to the canaries, and to everybody when all of them converged', async () => {
    await using server = await TestServer.converged(10)
    const canaries = await stage(server, 'good', '20%')
    expect(canaries).toHaveLength(2)
    expect(server.pushed).toEqual(expect.arrayContaining(canaries.map(host => `key of ${host}`)))
    await server.checkIn()
    expect(Object.values(server.wanted).filter(text => text === 'good')).toHaveLength(2)
    expect(phaseOf(server)).toBe('watching')
    await server.checkIn([canaries[0]!])
    expect(server.rollout.status().canary).toMatchObject({ phase: 'watching', converged: [canaries[0]] })
    await server.checkIn([canaries[1]!])
    expect(server.rollout.status().canary).toMatchObject({ phase: 'promoted', reason: '2 of 2 canaries converged' })
    expect(Object.values(server.wanted)).toEqual(Array(10).fill('good'))
    expect((await server.audited()).map(({ action }) => action)).toEqual(['rollout.promote'])
    expect(server.rollout.status().monitor.phase).toBe('watching')
  })

  test('is taken back by itself when a canary is worse than before, and nobody else ever gets it', async () => {
    await using server = await TestServer.converged(10)
    await stage(server, 'bad')
    await server.checkIn()
    expect(server.rollout.status().canary).toMatchObject({
      phase: 'stopped',
      reason: expect.stringContaining('worse than before'),
    })
    expect(Object.values(server.wanted)).toEqual(Array(10).fill('first'))
    expect((await authors(server)).at(-1)).toBe(MONITOR_AUTHOR)
    expect((await server.audited()).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(['rollout.stop done'])
    await server.restart()
    expect(Object.values(server.wanted)).toEqual(Array(10).fill('first'))
  })

  test('that nothing is heard of waits for a person', async () => {
    await using server = await TestServer.converged(10)
    await stage(server, 'good')
    await server.pass(20 * MINUTE)
    expect(server.rollout.status().canary).toMatchObject({
      phase: 'watching',
      problem: expect.stringMatching(
        /^0 of 2 canaries converged in time, nothing final was heard of 2 .+; promote the release, or stop it$/,
      ),
    })
    await server.checkIn()
    await server.checkIn()
    expect(phaseOf(server)).toBe('watching')
    await server.restart()
    expect(Object.values(server.wanted).filter(text => text === 'good')).toHaveLength(2)
    await server.rollout.promote(ALICE)
    expect(Object.values(server.wanted)).toEqual(Array(10).fill('good'))
    expect(server.rollout.status().canary).toMatchObject({ phase: 'promoted', reason: 'promoted by alice' })
    await expect(server.rollout.promote(ALICE)).rejects.toMatchObject({ code: 'not-staged' })
  })

  test('is asked about when too few failed to stop it and not all are well', async () => {
    await using server = await TestServer.converged(10)
    const canaries = await stage(server, 'good', '100%')
    server.behave = host => (host === canaries[0] ? 'degraded' : 'converged')
    await server.checkIn()
    await server.pass(20 * MINUTE)
    expect(server.rollout.status().canary).toMatchObject({
      phase: 'watching',
      failed: [canaries[0]],
      problem: expect.stringContaining('9 of 10 canaries converged in time, 1 are worse than before'),
    })
  })

  test('can be stopped by hand', async () => {
    await using server = await TestServer.converged(5)
    await expect(server.rollout.stop(ALICE)).rejects.toMatchObject({ code: 'not-staged' })
    await stage(server, 'good', '1')
    await server.rollout.stop({ by: 'alice', reason: 'not today' })
    expect(server.rollout.status().canary).toMatchObject({ phase: 'stopped', reason: 'not today' })
    expect((await authors(server)).at(-1)).toBe('alice')
    expect(Object.values(server.wanted)).toEqual(Array(5).fill('first'))
  })

  test('is judged against how its canaries were: what was broken before says nothing', async () => {
    await using server = await TestServer.converged(4)
    server.behave = () => 'degraded'
    await server.checkIn()
    const [first = ''] = await stage(server, 'good', '2')
    await server.checkIn()
    expect(phaseOf(server)).toBe('watching')
    server.behave = host => (host === first ? 'converged' : 'degraded')
    await server.checkIn()
    expect(server.rollout.status().canary).toMatchObject({
      phase: 'promoted',
      reason: '1 of 2 canaries converged; 1 were not well before either',
    })
  })

  test('may correct something on each run where that was so before', async () => {
    await using server = await TestServer.converged(4)
    server.behave = () => 'changed'
    await server.checkIn()
    await stage(server, 'good')
    await server.checkIn()
    expect(phaseOf(server)).toBe('watching')
    await server.checkIn()
    expect(phaseOf(server)).toBe('promoted')
  })

  test('gives way to what is published after it', async () => {
    await using server = await TestServer.converged(4)
    await stage(server, 'good')
    await server.publish('mended')
    expect(server.rollout.status().canary).toMatchObject({
      phase: 'stopped',
      reason: expect.stringContaining('went live in its place'),
    })
    expect(Object.values(server.wanted)).toEqual(Array(4).fill('mended'))
    await server.restart()
    expect(phaseOf(server)).toBe('stopped')
  })

  test('is one at a time', async () => {
    await using server = await TestServer.converged(4)
    await server.rollout.announce({ selector: '1', by: 'alice' })
    await expect(server.rollout.announce({ selector: '1', by: 'bob' })).rejects.toThrow(
      'alice has announced a release for 1',
    )
    await server.publish('good')
    await expect(server.rollout.announce({ selector: '1', by: 'bob' })).rejects.toMatchObject({ code: 'busy' })
  })

  test('needs hosts, and something that the others keep', async () => {
    await using server = await TestServer.create(2)
    await expect(server.rollout.announce({ selector: '1', by: 'alice' })).rejects.toMatchObject({ code: 'no-base' })
    await server.publish('first')
    await expect(server.rollout.announce({ selector: 'db*', by: 'alice' })).rejects.toMatchObject({
      code: 'no-canaries',
    })
    for (const selector of ['', '0', '0%', '101%', 'a b', '-']) {
      const code = selector === '-' ? 'no-canaries' : 'bad-request'
      await expect(server.rollout.announce({ selector, by: 'alice' })).rejects.toMatchObject({ code })
    }
  })

  test('that was announced and did not come is forgotten', async () => {
    await using server = await TestServer.converged(3)
    await server.rollout.announce({ selector: '1', by: 'alice' })
    await server.rollout.withdraw()
    await server.publish('second')
    expect(Object.values(server.wanted)).toEqual(Array(3).fill('second'))
    await server.rollout.announce({ selector: '1', by: 'alice' })
    await server.pass(31 * MINUTE)
    expect(phaseOf(server)).toBeUndefined()
  })

  test('that was announced before a crash and published while the server was down is staged', async () => {
    await using server = await TestServer.converged(5)
    await server.rollout.announce({ selector: '1', by: 'alice' })
    server.policy.reload = async () => ({ version: 0, release: null, isChanged: false })
    await server.publish('good')
    await server.restart()
    expect(phaseOf(server)).toBe('watching')
    expect(Object.values(server.wanted).filter(text => text === 'good')).toHaveLength(1)
  })
})

describe('settings', () => {
  const of = (rollback: object, intervalMs = 5 * MINUTE) =>
    rolloutSettings({ publish: { rollback } }, { intervalMs }, 'server.yaml')

  test('come from server.yaml and have defaults that fit to the check-ins', () => {
    expect(of({})).toMatchObject({
      windowMs: 15 * MINUTE,
      minimumSample: 3,
      harmedPercent: 20,
      maxConsecutiveRollbacks: 2,
    })
    expect(rolloutSettings({}, { intervalMs: 20 * MINUTE }, 'server.yaml').windowMs).toBe(60 * MINUTE)
    expect(of({}, 24 * 60 * MINUTE).windowMs).toBe(24 * 60 * MINUTE)
    expect(of({ window: '1h', minimum_sample: 1, harmed_percent: 50, max_consecutive_rollbacks: 1 })).toEqual({
      windowMs: 60 * MINUTE,
      minimumSample: 1,
      harmedPercent: 50,
      maxConsecutiveRollbacks: 1,
    })
    expect(of({ enabled: false, max_consecutive_rollbacks: 5 }).maxConsecutiveRollbacks).toBe(0)
  })

  test.each([
    [{ window: 'soon' }, "server.yaml: publish.rollback.window: 'soon' is not a duration"],
    [{ window: '5m' }, 'server.yaml: publish.rollback.window is 5m 0s; it must be from 10m 0s'],
    [{ harmed_percent: 0 }, 'server.yaml: publish.rollback.harmed_percent is 0'],
  ])('%j is refused with its name', (rollback, message) => {
    expect(() => of(rollback)).toThrow(message)
  })
})
