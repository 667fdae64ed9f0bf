import { describe, expect, test } from 'vitest'
import { motd } from '../policy/fixture.ts'
import { type TestEnvoy, TestServer, until } from './fixture.ts'
import type { StoredRun } from './types.ts'

async function started(options: { perEnvoy?: number; keepMs?: number } = {}): Promise<[TestServer, TestEnvoy]> {
  const server = await TestServer.start(motd('hello'), { limits: options })
  const envoy = await (await server.admit('web1.example.com')).connect()
  await envoy.checkIn()
  return [server, envoy]
}

describe('a report', () => {
  test('is on disk when it is acknowledged, and counts', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const events: string[] = []
    server.fleet.onEvent(event => events.push(event.type))
    const run = envoy.run({ changed: 1 })
    expect(await envoy.report(run)).toEqual({ type: 'report-stored', run: run.id })
    expect(await server.fleet.run(envoy.peer, run.id)).toMatchObject({ run, outcome: 'changed' })
    const row = server.fleet.find('web1.example.com')
    expect(row).toMatchObject({ status: 'converged', drift: 'none', release: run.release, lastRun: { id: run.id } })
    expect(server.fleet.counts()).toMatchObject({ upToDate: 1, releases: { [run.release]: 1 } })
    expect(events).toContain('run')
  })

  test('that is repeated, also at once and after a restart, counts once', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const runs: string[] = []
    server.fleet.onEvent(event => event.type === 'run' && runs.push(event.run.id))
    const run = envoy.run({ corrected: 1 })
    await Promise.all([1, 2, 3].map(() => envoy.session.send({ type: 'report', run })))
    for (const _each of [1, 2, 3]) await envoy.nextOf('report-stored')
    await server.restart({ killed: true })
    await envoy.connect()
    expect(await envoy.report(run)).toEqual({ type: 'report-stored', run: run.id })
    expect(await server.fleet.runs(envoy.peer, { limit: 10 })).toHaveLength(1)
    expect(runs).toEqual([run.id])
    expect(server.fleet.find('web1.example.com').drift).toBe('changed')
  })

  test('that arrived before the server was killed is not lost, and one that did not is repeated', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const [first, second] = [envoy.run({ corrected: 1 }), envoy.run({ corrected: 1 })]
    await envoy.report(first)
    await server.restart({ killed: true })
    expect(server.fleet.find('web1.example.com')).toMatchObject({ lastRun: { id: first.id }, isConnected: false })
    await envoy.connect()
    await envoy.report(second)
    const stored = await server.fleet.runs(envoy.peer, { limit: 10 })
    expect(stored.map(({ id }) => id)).toEqual([second.id, first.id])
  })

  test('of a bundle that was given just before the server was killed is believed', async () => {
    const [server, envoy] = await started()
    await using _ = server
    await server.publish(motd('two'))
    await envoy.checkIn()
    const run = envoy.run()
    await server.publish(motd('three'))
    await server.restart({ killed: true })
    await envoy.connect()
    expect(await envoy.report(run)).toEqual({ type: 'report-stored', run: run.id })
    expect(server.fleet.find('web1.example.com')).toMatchObject({ release: run.release, status: 'converged' })
    expect(server.fleet.counts().upToDate).toBe(0)
    expect(await envoy.checkIn()).toMatchObject({ type: 'bundle' })
  })

  test('of a bundle or a release that the envoy was never given is refused, so that it is not repeated', async () => {
    const [server, envoy] = await started()
    await using _ = server
    for (const more of [{ bundle: 'a'.repeat(64) }, { release: 'b'.repeat(64) }]) {
      const run = envoy.run({ failed: 1 }, more)
      expect(await envoy.report(run)).toMatchObject({ run: run.id, problem: expect.any(String) })
      expect(await server.fleet.run(envoy.peer, run.id)).toBeNull()
    }
    expect(server.fleet.find('web1.example.com').status).toBe('no-data')
    expect(server.warnings.filter(event => event === 'report-refused')).toHaveLength(1)
  })

  test("counts for the connection's own peer, also with the id of somebody else's run", async () => {
    const [server, envoy] = await started()
    await using _ = server
    const other = await (await server.admit('web2.example.com')).connect()
    await other.checkIn()
    const run = envoy.run()
    await envoy.report(run)
    await other.report({ ...other.run({ failed: 1, compliant: 0 }), id: run.id })
    expect(server.fleet.rows().map(({ status }) => status)).toEqual(['converged', 'failed'])
    expect((await server.fleet.run(envoy.peer, run.id))?.outcome).toBe('converged')
  })

  test('of a clock that is years off is stored by the time of the server', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const before = Date.now()
    await envoy.report(envoy.run({}, { startedAt: 4_000_000_000_000 }))
    await envoy.report(envoy.run({}, { startedAt: 0 }))
    const [second, first] = await server.fleet.runs(envoy.peer, { limit: 10 })
    expect(second?.receivedAt).toBeGreaterThan(first?.receivedAt ?? Number.POSITIVE_INFINITY)
    expect(first?.receivedAt).toBeGreaterThanOrEqual(before)
    expect(server.warnings).toContain('clock-off')
  })

  test('of a dry run says nothing about drift', async () => {
    const [server, envoy] = await started()
    await using _ = server
    await envoy.report(envoy.run({ corrected: 1 }))
    await envoy.report(envoy.run({ 'would-change': 1 }, { mode: 'dry-run' }))
    expect(server.fleet.find('web1.example.com')).toMatchObject({ drift: 'changed', lastRun: { mode: 'dry-run' } })
  })

  test('of a third run in a row that had to correct something says that the envoy diverges', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const seen: string[] = []
    for (const corrected of [1, 1, 1, 1, 0, 1]) {
      await envoy.report(envoy.run({ corrected }))
      seen.push(server.fleet.find('web1.example.com').drift)
    }
    expect(seen).toEqual(['changed', 'changed', 'diverged', 'diverged', 'none', 'changed'])
  })
})

test('a report that cannot be written is not acknowledged, and repeated on a new stream it is', async () => {
  const [server, envoy] = await started()
  await using _ = server
  const { db } = server
  const run = envoy.run()
  const restore = failWrites(db)
  await expect(envoy.report(run)).rejects.toMatchObject({ code: 'reset' })
  restore()
  await envoy.connect()
  expect(await envoy.report(run)).toEqual({ type: 'report-stored', run: run.id })
  expect(await server.fleet.runs(envoy.peer, { limit: 10 })).toHaveLength(1)
})

describe('stored runs', () => {
  test('are listed from the newest on, page by page', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const ids: string[] = []
    for (let at = 0; at < 5; at++) {
      const run = envoy.run()
      ids.unshift(run.id)
      await envoy.report(run)
    }
    const first = await server.fleet.runs(envoy.peer, { limit: 2 })
    const rest = await server.fleet.runs(envoy.peer, { limit: 10, before: first.at(-1)?.receivedAt ?? 0 })
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids)
  })

  test('are no more for each envoy than the settings say, and a few', async () => {
    const [server, envoy] = await started({ perEnvoy: 10 })
    await using _ = server
    for (let at = 0; at < 60; at++) await envoy.report(envoy.run())
    const last = envoy.run()
    await envoy.report(last)
    const kept = (): Promise<readonly StoredRun[]> => server.fleet.runs(envoy.peer, { limit: 1000 })
    await until(async () => (await kept()).length <= 26)
    expect((await kept()).length).toBeGreaterThanOrEqual(10)
    expect((await kept())[0]?.id).toBe(last.id)
  })

  test('that are older than is kept are dropped', async () => {
    const [server, envoy] = await started({ keepMs: 60_000 })
    await using _ = server
    const old = envoy.run()
    await envoy.report(old)
    server.clock.aheadMs += 61_000
    const young = envoy.run()
    await envoy.report(young)
    await server.fleet.expire()
    expect((await server.fleet.runs(envoy.peer, { limit: 10 })).map(({ id }) => id)).toEqual([young.id])
    expect(await server.fleet.run(envoy.peer, old.id)).toBeNull()
  })

  test('that are huge lose what was printed first', async () => {
    const [server, envoy] = await started()
    await using _ = server
    const results = Array.from({ length: 200 }, (_each, at) => ({
      id: `motd/r${at}`,
      type: 'exec',
      state: 'failed' as const,
      output: 'x'.repeat(16_000),
      durationMs: 1,
    }))
    const run = envoy.run({ failed: 200 }, { results })
    await envoy.report(run)
    const stored = await server.fleet.run(envoy.peer, run.id)
    expect(JSON.stringify(stored).length).toBeLessThan(300_000)
    expect(stored?.run.results[0]).toMatchObject({ output: 'x'.repeat(16_000) })
    expect(stored?.run.results.at(-1)).not.toHaveProperty('output')
    expect((stored?.run.results.length ?? 0) + (stored?.run.resultsLeftOut ?? 0)).toBe(200)
  })
})

describe('an envoy whose server was revoked', () => {
  test('is out, and once another one lets it in again it is as it was, also over a restart', async () => {
    for (const isRestarted of [false, true]) {
      const [server] = await started()
      await using _ = server
      const { bolt, envoy } = await server.admitElsewhere('web2.example.com')
      await (await envoy.connect()).checkIn()
      await envoy.report(envoy.run({ corrected: 1 }))
      const { status, drift, release, lastRun } = server.fleet.find('web2.example.com')
      await server.fleet.flush()
      await server.revoke(bolt)
      expect(server.fleet.counts()).toMatchObject({ envoys: 1 })
      if (isRestarted) await server.restart({ killed: true })
      await server.readmit(envoy)
      expect(server.fleet.find('web2.example.com')).toMatchObject({ status, drift, release, lastRun })
      expect(await server.fleet.runs(envoy.peer, { limit: 5 })).toHaveLength(1)
    }
  })

  test('leaves nothing when it is revoked itself', async () => {
    const [server] = await started()
    await using _ = server
    const { bolt, envoy } = await server.admitElsewhere('web2.example.com')
    await (await envoy.connect()).checkIn()
    expect(await envoy.report(envoy.run())).not.toHaveProperty('problem')
    await server.revoke(bolt)
    await server.revoke(envoy)
    await until(async () => (await server.fleet.runs(envoy.peer, { limit: 1 })).length === 0)
  })
})

describe('after a restart', () => {
  test('everything that was known is known again', async () => {
    const [server, envoy] = await started()
    await using _ = server
    await envoy.report(envoy.run({ corrected: 1 }))
    const { isConnected: _connected, ...before } = server.fleet.find('web1.example.com')
    await server.restart({ killed: false })
    expect(server.fleet.find('web1.example.com')).toMatchObject({ ...before, isConnected: false })
    expect(server.fleet.counts()).toMatchObject({ envoys: 1, connected: 0, status: { converged: 1 } })
  })

  test('a row that is damaged is made again from the runs of its envoy', async () => {
    const [server, envoy] = await started()
    await using _ = server
    for (const corrected of [0, 1, 1, 1]) await envoy.report(envoy.run({ corrected }))
    await server.fleet.flush()
    await server.db.sublevel('fleet-envoys', { valueEncoding: 'utf8' }).put(envoy.peer, '{"format":1,')
    await server.restart({ killed: true })
    expect(server.warnings).toContain('envoy-rebuilt')
    expect(server.fleet.find('web1.example.com')).toMatchObject({ status: 'converged', drift: 'diverged' })
    await envoy.connect()
    expect(await envoy.report(envoy.run())).not.toHaveProperty('problem')
  })

  test('nothing is there of an envoy that was revoked meanwhile', async () => {
    const [server, envoy] = await started()
    await using _ = server
    await envoy.report(envoy.run())
    await server.revoke(envoy)
    await server.restart({ killed: true })
    expect(server.fleet.rows()).toEqual([])
    await until(async () => (await server.fleet.runs(envoy.peer, { limit: 1 })).length === 0)
  })
})

test('samples make the curve of convergence', async () => {
  const [server, envoy] = await started()
  await using _ = server
  await server.fleet.sample()
  server.clock.aheadMs += 60_000
  await envoy.report(envoy.run())
  await server.fleet.sample()
  const curve = await server.fleet.samples({ since: 0 })
  expect(curve.map(({ counts }) => counts.upToDate)).toEqual([0, 1])
  server.clock.aheadMs += 2 * 24 * 3600e3
  await server.fleet.sample()
  expect(await server.fleet.samples({ since: 0 })).toHaveLength(1)
})

/** As a full disk does; answers how to make room. */
function failWrites(db: TestServer['db']): () => void {
  const make = db.batch.bind(db)
  Object.assign(db, {
    batch: () => {
      const batch = make()
      return Object.assign(batch, { write: () => Promise.reject(new Error('no space left')) })
    },
  })
  return () => Object.assign(db, { batch: make })
}
