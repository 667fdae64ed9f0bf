import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeServer } from '../dashboard/fixture.ts'
import { divergedStatus } from '../dashboard/pages/bolts/fixture.ts'
import { result } from '../dashboard/pages/envoys/fixture.ts'
import { rolledBackFleet } from '../dashboard/story/fixture.ts'
import { folderSize } from './database-size.ts'
import { declareServerMetrics, type ServerInstruments } from './instruments.ts'
import { answerCounter, metricsMount } from './mount.ts'
import { watchBolts } from './watch-bolts.ts'
import { policyObserver, watchConfig } from './watch-config.ts'
import { watchFleet } from './watch-fleet.ts'
import { watchTasks } from './watch-tasks.ts'

let server: FakeServer
let metrics: ServerInstruments
const checkins = { unchanged: 0, bundle: 0, 'no-bundle': 0, refused: 0 }

beforeEach(async () => {
  server = await FakeServer.create()
  metrics = declareServerMetrics()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

/** Values by name and labels, as they are read. */
async function values(): Promise<Record<string, number>> {
  const lines = (await metrics.instruments.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

function watch(): () => void {
  const { rows, counts, onEvent } = server.fleet
  return watchFleet(metrics, { rows, counts, onEvent, checkins }, server.clock)
}

describe('metrics of the fleet', () => {
  test('say how it is', async () => {
    await rolledBackFleet(server)
    watch()
    expect(await values()).toMatchObject({
      vigo_nodes_total: 49,
      vigo_nodes_active_total: 47,
      vigo_nodes_connected: 46,
      'vigo_envoys{axis="status",state="converged"}': 47,
      'vigo_envoys{axis="status",state="degraded"}': 1,
      'vigo_envoys{axis="reachability",state="stale"}': 2,
      'vigo_checkin_age_seconds_bucket{le="7200"}': 47,
      vigo_checkin_age_seconds_count: 48,
    })
    expect((await values())['vigo_convergence_pct']).toBeCloseTo((47 * 100) / 49)
    expect((await values())['vigo_checkin_age_seconds_count']).toBe(48)
  })

  test('of nobody are those of a fleet that is well', async () => {
    watch()
    expect(await values()).toMatchObject({ vigo_nodes_total: 0, vigo_convergence_pct: 100 })
  })

  test('count runs and changes of state, and not what stays', async () => {
    const { release } = await server.publish({ author: 'anna', reason: '', agoMs: 1000 })
    server.fleet.add('web1')
    const stop = watch()
    server.fleet.report('web1', { release })
    server.fleet.report('web1', { release })
    server.fleet.report('web1', { release, results: [result('motd/motd', 'file', 'failed')] })
    server.fleet.change('web1', { reachability: 'stale' })
    server.fleet.change('web1', { reachability: 'stale' })
    const counted = {
      'vigo_runs_total{outcome="converged",mode="enforce"}': 2,
      'vigo_runs_total{outcome="degraded",mode="enforce"}': 1,
      'vigo_envoy_state_transitions_total{transition="no-data_to_converged"}': 1,
      'vigo_envoy_state_transitions_total{transition="never-seen_to_online"}': 1,
      'vigo_envoy_state_transitions_total{transition="converged_to_degraded"}': 1,
      'vigo_envoy_state_transitions_total{transition="online_to_stale"}': 1,
    }
    expect(await values()).toMatchObject(counted)
    stop()
    server.fleet.report('web1', { release })
    expect(await values()).toMatchObject(counted)
  })

  test('count check-ins once, whenever they are read', async () => {
    watch()
    checkins.bundle += 3
    checkins.refused += 1
    await values()
    checkins.bundle += 2
    const read = await values()
    expect(read).toMatchObject({
      'vigo_checkins_total{status="bundle"}': 5,
      'vigo_checkins_total{status="refused"}': 1,
    })
  })
})

describe('metrics of the configuration', () => {
  test('count releases of the history, with those from before the start, and reloads', async () => {
    const observer = policyObserver(metrics)
    observer.reloaded('loaded')
    observer.reloaded('refused')
    observer.compiled(2)
    await rolledBackFleet(server)
    const evidence = { judged: 3, harmed: 3, harmedHosts: [], notJudged: 0 }
    const verdict = { verdict: 'healthy' as const, release: 'a', reason: '', evidence, at: 0 }
    server.rollout.set({ verdicts: [verdict] })
    watchConfig(metrics, server.parts)
    const expected = {
      vigo_config_version: 4,
      vigo_config_problem: 0,
      'vigo_releases_total{kind="publish"}': 3,
      'vigo_releases_total{kind="rollback"}': 1,
      vigo_rollbacks_total: 1,
      vigo_rollout_staged: 0,
      'vigo_rollout_verdicts{verdict="healthy"}': 1,
      'vigo_rollout_verdicts{verdict="rollback"}': 0,
      'vigo_config_reloads_total{result="loaded"}': 1,
      'vigo_config_reloads_total{result="refused"}': 1,
      'vigo_bundle_compile_seconds_bucket{le="0.005"}': 1,
      'vigo_bundle_compile_seconds_bucket{le="0.001"}': 0,
    }
    expect(await values()).toMatchObject(expected)
    expect(await values()).toMatchObject(expected)
    await server.rollBack({ to: 1, author: 'anna', reason: '', agoMs: 0 })
    expect(await values()).toMatchObject({ vigo_rollbacks_total: 2, vigo_config_version: 5 })
  })
})

describe('metrics of servers that share a configuration', () => {
  const projects = async () => [{ diverged: 0 }, { diverged: 2 }]

  test('say how many follow, how long the slowest has been behind, and whether they disagree', async () => {
    watchBolts(metrics, { bolts: server.bolts, clock: server.clock, projects })
    expect(await values()).toMatchObject({ vigo_gitback_projects_diverged: 1 })
    const { bolts } = server
    bolts.set(bolts.three('a'.repeat(64)))
    const read = await values()
    expect(read).toMatchObject({
      'vigo_spanner_bolts{state="known"}': 3,
      'vigo_spanner_bolts{state="connected"}': 2,
      'vigo_spanner_bolts{state="following"}': 1,
      vigo_spanner_diverged: 0,
      vigo_spanner_behind: 0,
    })
    expect(read['vigo_spanner_lag_seconds']).toBeGreaterThanOrEqual(179)
    bolts.set(divergedStatus(bolts.status?.bolts.filter(({ follows }) => follows) ?? []))
    expect(await values()).toMatchObject({
      vigo_spanner_heads: 2,
      vigo_spanner_diverged: 1,
      vigo_spanner_lag_seconds: 0,
    })
    bolts.set({ ...bolts.three('a'.repeat(64)), state: 'refused', problem: 'not valid here' })
    expect(await values()).toMatchObject({ vigo_spanner_behind: 1, vigo_spanner_diverged: 0 })
  })

  test('of one that stands alone are those of servers that agree', async () => {
    watchBolts(metrics, { bolts: server.bolts, clock: server.clock, projects })
    const { bolts } = server
    bolts.set({ ...bolts.three('a'.repeat(64)), mode: 'standalone', state: 'standalone' })
    expect(await values()).toMatchObject({
      'vigo_spanner_bolts{state="known"}': 1,
      'vigo_spanner_bolts{state="following"}': 1,
      vigo_spanner_heads: 1,
      vigo_spanner_lag_seconds: 0,
      vigo_spanner_diverged: 0,
    })
  })
})

describe('metrics of tasks', () => {
  test('count those that end from now on, each once, and those that run', async () => {
    await rolledBackFleet(server)
    watchTasks(metrics, server.tasks, server.fleet, server.clock.now())
    expect(await values()).toMatchObject({ vigo_tasks_running: 1 })
    const running = server.tasks.rows.find(({ state }) => state === 'running')
    if (running === undefined) throw new Error('no task runs')
    server.tasks.set({ ...running, state: 'failed', endedAt: server.clock.now() + 1 })
    server.tasks.set({ ...running, state: 'failed', endedAt: server.clock.now() + 1 })
    await values()
    expect(await values()).toMatchObject({ vigo_tasks_running: 0, 'vigo_tasks_total{state="failed"}': 1 })
    expect(await values()).not.toHaveProperty('vigo_tasks_total{state="succeeded"}')
  })
})

describe('GET /metrics', () => {
  test('is for tokens of any role and for sessions, and for nobody else', async () => {
    await using app = fastify()
    app.register(async scope => metricsMount(metrics.instruments, server.auth)(scope))
    const ask = async (headers: Record<string, string>) => await app.inject({ url: '/metrics', headers })
    for (const headers of [{}, { authorization: 'Bearer vgot_guess' }, { cookie: 'vigo_session=x' }]) {
      const { statusCode, body } = await ask(headers as Record<string, string>)
      expect(statusCode).toBe(401)
      expect(body).not.toContain('vigo_nodes_total')
    }
    const cookie = `vigo_session=${server.auth.login('vgot_viewer')?.value}`
    for (const headers of [{ authorization: 'Bearer vgot_viewer' }, { cookie }]) {
      const answer = await ask(headers as Record<string, string>)
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ])
      expect(answer.body).toContain('# TYPE vigo_nodes_total gauge')
    }
  })

  test('counts answers by route, and unknown methods as one', async () => {
    const count = answerCounter(metrics)
    for (const method of ['GET', 'BREW', 'PROPFIND'])
      count({ method, route: '/envoys/:peer', status: 200, durationMs: 20 })
    count({ method: 'GET', route: '/', status: 200, durationMs: null })
    expect(await values()).toMatchObject({
      vigo_http_request_seconds_count: 3,
      'vigo_http_requests_total{method="GET",route="/",status="200"}': 1,
      'vigo_http_requests_total{method="GET",route="/envoys/:peer",status="200"}': 1,
      'vigo_http_requests_total{method="other",route="/envoys/:peer",status="200"}': 2,
      'vigo_http_request_seconds_bucket{le="0.05"}': 3,
    })
  })
})

test('a source that fails costs its own values only', async () => {
  metrics.instruments.collect(() => {
    throw new Error('the database is closed')
  })
  metrics.instruments.collect(() => metrics.database.set(7))
  expect(await values()).toMatchObject({ vigo_database_size_bytes: 7 })
})

test('the size of a folder is that of its files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-size-'))
  await writeFile(join(folder, 'a'), Buffer.alloc(1000))
  await writeFile(join(folder, 'b'), Buffer.alloc(24))
  expect(await folderSize(folder)).toBe(1024)
  await rm(folder, { recursive: true })
  expect(await folderSize(folder)).toBe(0)
})
