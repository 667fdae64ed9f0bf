import { get } from 'node:http'
import { expect, test } from 'vitest'
import { noCounts } from '#node/checkin'
import { Instruments, processMetrics, serveMetrics } from '#node/metrics'
import type { LoopStatus } from '../loop/index.ts'
import { declareAgentMetrics } from './index.ts'

const FRESH: LoopStatus = {
  bolt: null,
  mode: 'enforce',
  release: null,
  bundle: null,
  intervalMs: 60_000,
  lastCheckIn: null,
  nextCheckIn: null,
  isRunning: false,
  lastRun: null,
  queuedReports: 0,
  droppedReports: 0,
  waiting: [],
}

test('the agent says what its last run did, and whether a server is there', async () => {
  let status = FRESH
  const instruments = new Instruments()
  declareAgentMetrics(instruments, () => status)
  expect(await instruments.text()).toContain('vigo_agent_connected 0\n')
  status = {
    ...FRESH,
    bolt: 'peer',
    lastCheckIn: 5_000,
    queuedReports: 2,
    lastRun: {
      id: 'a',
      outcome: 'degraded',
      mode: 'enforce',
      release: '',
      offline: false,
      startedAt: 4_000,
      durationMs: 1_500,
      counts: { ...noCounts(), failed: 1, compliant: 6 },
      failing: [],
    },
  }
  const text = await instruments.text()
  for (const line of [
    'vigo_agent_connected 1',
    'vigo_agent_last_checkin_timestamp_seconds 5',
    'vigo_agent_last_run_duration_seconds 1.5',
    'vigo_agent_last_run_outcome{outcome="degraded"} 1',
    'vigo_agent_last_run_outcome{outcome="failed"} 0',
    'vigo_agent_last_run_resources{state="failed"} 1',
    'vigo_agent_last_run_resources{state="compliant"} 6',
    'vigo_agent_reports_queued 2',
  ]) {
    expect(text).toContain(`${line}\n`)
  }
})

test('the process says how much of the machine it takes', async () => {
  const instruments = new Instruments()
  const end = processMetrics(instruments, '1.2.3')
  const text = await instruments.text()
  end()
  expect(text).toMatch(/vigo_build_info\{version="1\.2\.3",node="v\d/)
  expect(Number(/process_resident_memory_bytes (\d+)/.exec(text)?.[1])).toBeGreaterThan(10_000_000)
  expect(text).toMatch(/vigo_event_loop_lag_seconds\{quantile="0\.99"\} \d/)
})

test('/metrics is plain HTTP, and nothing else is there', async () => {
  const instruments = new Instruments()
  instruments.gauge({ name: 'vigo_test', help: 'For this test.' }).set(3)
  const server = await serveMetrics(instruments, '127.0.0.1:0')
  try {
    const [host = '', port = ''] = server.address.split(':')
    const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') => {
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
      const request = get({ host, port, path, headers, method, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', piece => {
          text += piece
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      request.on('error', reject)
      return promise
    }
    const answer = await ask('/metrics')
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('vigo_test 3')])
    expect((await ask('/')).status).toBe(404)
    expect((await ask('/metrics?x=1')).status).toBe(404)
    expect((await ask('/metrics', {}, 'POST')).status).toBe(405)
    expect((await ask('/metrics', { host: 'evil.example' })).status).toBe(403)
    await expect(serveMetrics(instruments, server.address)).rejects.toMatchObject({ code: 'cannot-listen' })
  } finally {
    await server.close()
  }
})
