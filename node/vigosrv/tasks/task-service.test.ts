import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { peerOf, statesOf, TestFleet } from './fixture.ts'
import type { TaskRequest } from './types.ts'

const ALICE = { name: 'alice', via: 'token' } as const
const UPTIME = { command: 'uptime', target: '*' }

async function done(fleet: TestFleet, request: TaskRequest) {
  const { id } = await fleet.tasks.run(request, ALICE)
  return await fleet.ended(id)
}

describe('a task', () => {
  test('runs on its targets at once, and is kept with what they said', async () => {
    await using fleet = await TestFleet.create(3)
    fleet.behave = hostname => ({ exit: 0, output: [`${hostname} up`, ' 3 days\n'], durationMs: 12 })
    const row = await done(fleet, UPTIME)
    expect(row).toMatchObject({ state: 'succeeded', reason: '', command: 'uptime', by: 'alice', batches: 1, batch: 1 })
    expect(row.hosts[1]).toEqual({
      peer: peerOf(1),
      hostname: 'h2',
      batch: 1,
      state: 'succeeded',
      exitCode: 0,
      problem: '',
      output: 'h2 up 3 days\n',
      durationMs: 12,
    })
    expect(row.endedAt).toBeGreaterThanOrEqual(row.startedAt)
    expect(await fleet.tasks.list({ limit: 10 })).toEqual([
      { ...row, hosts: row.hosts.map(host => ({ ...host, output: '' })) },
    ])
    expect(fleet.orders.map(({ order }) => order)).toMatchObject(
      Array(3).fill({ command: 'uptime', timeoutMs: 60_000, nice: 0, dryRun: false }),
    )
  })

  test('goes from batch to batch, and stops when too many failed', async () => {
    await using fleet = await TestFleet.create(10)
    fleet.behave = hostname => ({ exit: hostname === 'h2' || hostname === 'h4' ? 3 : 0 })
    const row = await done(fleet, { ...UPTIME, batchSize: '25%', maxFailures: '10%' })
    expect(row).toMatchObject({ state: 'failed', reason: '2 of 10 hosts did not succeed; at most 1 may', batches: 5 })
    // By name: h1, h10, h2, h3, h4 …
    expect(statesOf(row)).toBe(
      'h1 succeeded, h10 succeeded, h2 failed, h3 succeeded, h4 failed, h5 succeeded, h6 skipped, h7 skipped, h8 skipped, h9 skipped',
    )
    expect(fleet.orders).toHaveLength(6)
  })

  test('is not started on a batch of which too many are away', async () => {
    await using fleet = await TestFleet.create(3)
    fleet.behave = hostname => (hostname === 'h3' ? 'away' : { exit: 0 })
    const row = await done(fleet, UPTIME)
    expect(statesOf(row)).toBe('h1 skipped, h2 skipped, h3 unreachable')
    expect(row.state).toBe('failed')
    const tolerant = await done(fleet, { ...UPTIME, maxFailures: '1' })
    expect(statesOf(tolerant)).toBe('h1 succeeded, h2 succeeded, h3 unreachable')
    expect(tolerant).toMatchObject({ state: 'succeeded', reason: '1 of 3 hosts did not succeed, which 1 may' })
  })

  test('of a fleet that is away as a whole ends, one host after the other', async () => {
    await using fleet = await TestFleet.create(3000)
    fleet.behave = () => 'away'
    const row = await done(fleet, { ...UPTIME, batchSize: '1', maxFailures: '100%' })
    expect(row.hosts.every(({ state }) => state === 'unreachable')).toBe(true)
  })

  test('tells apart how hosts ended', async () => {
    await using fleet = await TestFleet.create(6)
    fleet.behave = hostname => {
      if (hostname === 'h1') return { exit: 7, output: ['boom'] }
      if (hostname === 'h2') return { exit: null, problem: 'its time was over', durationMs: 1000 }
      if (hostname === 'h3') return { exit: null, problem: 'a guardrail forbids it', durationMs: 0 }
      if (hostname === 'h4') return 'lost'
      if (hostname === 'h5') return 'silent'
      return { exit: null, problem: 'ended by SIGSEGV', durationMs: 3 }
    }
    const row = await done(fleet, { ...UPTIME, timeoutMs: 1000 })
    expect(statesOf(row)).toBe('h1 failed, h2 timed-out, h3 refused, h4 unreachable, h5 timed-out, h6 failed')
    expect(row.hosts.map(({ problem }) => problem)).toEqual([
      '',
      'its time was over',
      'a guardrail forbids it',
      'the connection was lost while it ran; whether it has ended is not known',
      'no answer within 1000 ms',
      'ended by SIGSEGV',
    ])
    expect(fleet.cancelled).toEqual(['h5'])
  })

  test('can be cancelled: what runs is told, what waits is not started', async () => {
    await using fleet = await TestFleet.create(4)
    fleet.behave = hostname => (hostname === 'h1' ? 'silent' : { exit: 0 })
    const { id } = await fleet.tasks.run({ ...UPTIME, batchSize: '2' }, ALICE)
    while (!(await fleet.tasks.get(id))?.hosts.some(({ state }) => state === 'succeeded'))
      await new Promise(setImmediate)
    await fleet.tasks.abort(id, ALICE)
    const row = await fleet.ended(id)
    expect(row).toMatchObject({ state: 'aborted', reason: 'cancelled by alice' })
    expect(statesOf(row)).toBe('h1 cancelled, h2 succeeded, h3 skipped, h4 skipped')
    await expect(fleet.tasks.abort(id, ALICE)).rejects.toMatchObject({ code: 'already-ended' })
    await expect(fleet.tasks.abort('0'.repeat(32), ALICE)).rejects.toMatchObject({ code: 'unknown-run' })
    expect((await fleet.audited()).map(({ action }) => action)).toEqual(['task.dispatch', 'task.abort'])
  })

  test('does not listen to what comes too late, or from elsewhere', async () => {
    await using fleet = await TestFleet.create(2)
    const row = await done(fleet, { ...UPTIME, target: 'h1' })
    for (const peer of [peerOf(0), peerOf(1), 'nobody']) {
      fleet.say(peer, { type: 'task-done', task: row.id, exitCode: 1, durationMs: 1 })
      fleet.say(peer, { type: 'task-output', task: row.id, stream: 'stderr', text: 'late' })
      fleet.say(peer, { type: 'task-lost', task: 'f'.repeat(32) })
    }
    expect(await fleet.tasks.get(row.id)).toEqual(row)
  })

  test('keeps the end of an endless output', async () => {
    await using fleet = await TestFleet.create(1)
    fleet.behave = () => ({ exit: 0, output: Array.from({ length: 2000 }, (_, at) => `${at} ${'x'.repeat(50)}\n`) })
    const { hosts } = await done(fleet, UPTIME)
    expect(hosts[0]!.output.length).toBeLessThan(17_000)
    expect(hosts[0]!.output).toMatch(/^… \d+ characters before this were left out\n/)
    expect(hosts[0]!.output.trimEnd().endsWith(`1999 ${'x'.repeat(50)}`)).toBe(true)
  })
})

describe('a request', () => {
  test.each([
    [{ target: '*' }, 'say either a command or the name of a task'],
    [{ command: 'x', task: 'y', target: '*' }, 'say either a command or the name of a task'],
    [{ command: ' ', target: '*' }, 'the command is empty'],
    [{ command: 'x' }, 'the target is missing'],
    [{ command: 'x', target: '' }, 'the target is empty'],
    [{ ...UPTIME, batchSize: '0' }, 'batch size is'],
    [{ ...UPTIME, maxFailures: '200%' }, 'max failures is'],
    [{ ...UPTIME, timeoutMs: 5 }, 'it must be from 1 second to 24 hours'],
    [{ ...UPTIME, nice: -5 }, 'nice is -5'],
    [{ ...UPTIME, healthCheck: '' }, 'the health check is neither'],
    [{ ...UPTIME, healthCheck: 'http://' }, 'the health check is neither'],
    [{ ...UPTIME, params: { a: 'b' } }, 'parameters belong to named tasks'],
  ] as [TaskRequest, string][])('%j is refused: %s', async (request, message) => {
    await using fleet = await TestFleet.create(2)
    await expect(fleet.tasks.run(request, ALICE)).rejects.toMatchObject({ code: 'bad-request' })
    await expect(fleet.tasks.plan(request)).rejects.toThrow(message)
    expect(await fleet.audited()).toEqual([])
  })

  test('can be looked at without running anything', async () => {
    await using fleet = await TestFleet.create(5)
    fleet.behave = hostname => (hostname === 'h5' ? 'away' : { exit: 0 })
    const plan = await fleet.tasks.plan({ ...UPTIME, batchSize: '2', maxFailures: '50%', healthCheck: 'true' })
    expect(plan.batches.map(batch => batch.map(({ hostname, isConnected }) => `${hostname} ${isConnected}`))).toEqual([
      ['h1 true', 'h2 true'],
      ['h3 true', 'h4 true'],
      ['h5 false'],
    ])
    expect(plan).toMatchObject({ maxFailures: 2, healthCheck: 'true', danger: null, timeoutMs: 60_000 })
    expect(fleet.orders).toEqual([])
  })

  test('for something dangerous is refused, on record, unless it is forced', async () => {
    await using fleet = await TestFleet.create(1)
    const request = { command: 'sudo rm -rf /', target: '*' }
    expect((await fleet.tasks.plan(request)).danger).toBe('it removes /')
    await expect(fleet.tasks.run(request, ALICE)).rejects.toMatchObject({ code: 'dangerous' })
    await expect(fleet.tasks.run({ ...UPTIME, healthCheck: 'reboot' }, ALICE)).rejects.toMatchObject({
      code: 'dangerous',
    })
    expect(fleet.orders).toEqual([])
    const { id } = await fleet.tasks.run({ ...request, force: true }, ALICE)
    await fleet.ended(id)
    expect((await fleet.audited()).map(({ action, outcome, details }) => [action, outcome, details['forced']])).toEqual(
      [
        ['task.blocked', 'refused', undefined],
        ['task.blocked', 'refused', undefined],
        ['task.dispatch', 'done', true],
      ],
    )
  })

  test('is one of a bounded number at a time', async () => {
    await using fleet = await TestFleet.create(1)
    fleet.behave = () => 'silent'
    await Promise.all(Array.from({ length: 20 }, () => fleet.tasks.run(UPTIME, ALICE)))
    await expect(fleet.tasks.run(UPTIME, ALICE)).rejects.toMatchObject({ code: 'too-many-tasks' })
  })
})

describe('the health check', () => {
  test('by a command stops what goes wrong after the batch that did it', async () => {
    await using fleet = await TestFleet.create(4)
    const bad = await done(fleet, { ...UPTIME, batchSize: '1', healthCheck: 'echo no answer >&2; exit 4' })
    expect(bad).toMatchObject({
      state: 'failed',
      reason: 'the health check after batch 1 of 4 failed: it ended with 4: no answer',
    })
    expect(statesOf(bad)).toBe('h1 succeeded, h2 skipped, h3 skipped, h4 skipped')
    expect((await done(fleet, { ...UPTIME, batchSize: '2', healthCheck: 'true' })).state).toBe('succeeded')
  })

  test('by a URL must answer with 2xx', async () => {
    let answers = 0
    const server = createServer((_request, response) => response.writeHead(answers++ < 2 ? 204 : 503).end('x'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      await using fleet = await TestFleet.create(4)
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
      const row = await done(fleet, { ...UPTIME, batchSize: '1', healthCheck: url })
      expect(row.reason).toBe(`the health check after batch 3 of 4 failed: ${url} answered with 503`)
    } finally {
      server.close()
    }
  })

  test('that hangs is ended with the task', async () => {
    await using fleet = await TestFleet.create(2)
    const { id } = await fleet.tasks.run({ ...UPTIME, healthCheck: 'sleep 60 & sleep 60' }, ALICE)
    while ((await fleet.tasks.get(id))?.hosts.some(({ state }) => state !== 'succeeded'))
      await new Promise(setImmediate)
    await fleet.tasks.abort(id, ALICE)
    expect((await fleet.ended(id)).state).toBe('aborted')
  })

  test.runIf(process.geteuid?.() === 0)('is run by nobody in particular', async () => {
    await using fleet = await TestFleet.create(1)
    const row = await done(fleet, { ...UPTIME, healthCheck: 'test "$(id -u)" != 0 && test -z "$SECRET"' })
    expect(row.state).toBe('succeeded')
  })
})

describe('progress', () => {
  test('is told from the first state to the last', async () => {
    await using fleet = await TestFleet.create(2)
    fleet.behave = () => ({ exit: 0, output: ['a', 'b'] })
    const { id } = await fleet.tasks.run({ ...UPTIME, batchSize: '1' }, ALICE)
    const all = await fleet.progress(id)
    expect(all[0]).toMatchObject({ type: 'task', task: { state: 'running' } })
    expect(all.at(-1)).toMatchObject({ type: 'task', task: { state: 'succeeded', batch: 2 } })
    expect(
      all
        .filter(({ type }) => type === 'output')
        .map(progress => 'text' in progress && `${progress.hostname} ${progress.text}`),
    ).toEqual(['h1 a', 'h1 b', 'h2 a', 'h2 b'])
    expect(await fleet.progress(id)).toMatchObject([{ type: 'task', task: { state: 'succeeded' } }])
    expect(fleet.changes).toContain(id)
    await expect(fleet.progress('f'.repeat(32))).rejects.toMatchObject({ code: 'unknown-run' })
  })

  test('does not grow for a reader who is too slow', async () => {
    await using fleet = await TestFleet.create(1)
    fleet.behave = () => ({ exit: 0, output: Array.from({ length: 5000 }, (_, at) => `${at}\n`) })
    const { id } = await fleet.tasks.run(UPTIME, ALICE)
    const all = await fleet.progress(id)
    expect(all.filter(({ type }) => type === 'output').length).toBeLessThanOrEqual(501)
    expect(all.some(({ type }) => type === 'gap')).toBe(true)
    expect(all.some(progress => progress.type === 'host' && progress.host.state === 'succeeded')).toBe(true)
  })

  test('begins with what hosts have printed before anybody looked', async () => {
    await using fleet = await TestFleet.create(1)
    fleet.behave = () => 'silent'
    const { id } = await fleet.tasks.run(UPTIME, ALICE)
    while (fleet.orders.length === 0) await new Promise(setImmediate)
    const { peer } = fleet.orders[0]!
    fleet.say(peer, { type: 'task-output', task: id, stream: 'stdout', text: 'early\n' })
    const gone = new AbortController()
    const texts: string[] = []
    for await (const progress of fleet.tasks.watch(id, { signal: gone.signal })) {
      if (progress.type !== 'output') continue
      texts.push(progress.text)
      break
    }
    expect(texts).toEqual(['early\n'])
  })

  test('ends for a reader who goes', async () => {
    await using fleet = await TestFleet.create(1)
    fleet.behave = () => 'silent'
    const { id } = await fleet.tasks.run(UPTIME, ALICE)
    const gone = new AbortController()
    const reading = (async () => {
      for await (const _progress of fleet.tasks.watch(id, { signal: gone.signal })) gone.abort(new Error('gone'))
    })()
    await expect(reading).rejects.toThrow('gone')
  })
})

describe('after a crash', () => {
  test('what ran is known to have been interrupted', async () => {
    await using fleet = await TestFleet.create(3)
    fleet.behave = hostname => (hostname === 'h1' ? { exit: 0, output: ['fine'] } : 'silent')
    const { id } = await fleet.tasks.run({ ...UPTIME, batchSize: '2' }, ALICE)
    while (!(await fleet.tasks.get(id))?.hosts.some(({ state }) => state === 'succeeded'))
      await new Promise(setImmediate)
    await new Promise(resolve => setTimeout(resolve, 50))
    await fleet.crash()
    const row = (await fleet.tasks.get(id))!
    expect(row).toMatchObject({ state: 'aborted', reason: 'the server was stopped while it ran' })
    expect(statesOf(row)).toBe('h1 succeeded, h2 unreachable, h3 skipped')
    expect(row.hosts[0]?.output).toBe('fine')
    expect(await fleet.tasks.list({ limit: 5 })).toHaveLength(1)
  })
})
