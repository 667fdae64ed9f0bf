import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHECKIN_PROTOCOL, MAX_FROM_BOLT_BYTES, type TaskOrder } from '#node/checkin'
import { motd } from '../policy/fixture.ts'
import { hashOf, type TestEnvoy, TestServer, UBUNTU, until } from './fixture.ts'
import { Gate } from './gate.ts'
import type { TaskEvent } from './types.ts'

async function connected(server: TestServer, hostname = 'web1.example.com'): Promise<TestEnvoy> {
  return await (await server.admit(hostname)).connect()
}

/** A stream on which anything can be said. */
async function rawStream(server: TestServer, envoy: TestEnvoy) {
  await envoy.host.connect(server.host.peerId)
  return await envoy.host.open(server.host.peerId, CHECKIN_PROTOCOL, { maxFrameBytes: MAX_FROM_BOLT_BYTES })
}

const HELLO = JSON.stringify({ type: 'hello', version: '1' })

describe('a message that the protocol does not have ends the conversation of its sender:', () => {
  test.each([
    ['no JSON', 'hello'],
    ['JSON that is no message', '[]'],
    ['null', 'null'],
    ['an unknown type', '{"type":"give-me-all"}'],
    ['a type that every object inherits', '{"type":"constructor"}'],
    ['a second hello', HELLO],
    ['a check-in without a hash', '{"type":"check-in","bundle":"","release":""}'],
    ['a run with negative counts', JSON.stringify({ type: 'report', run: { id: 'a', counts: { failed: -1 } } })],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x7b])],
  ])('%s', async (_, text) => {
    await using server = await TestServer.start(motd('hello'))
    const bystander = await connected(server, 'web2.example.com')
    const stream = await rawStream(server, await server.admit('web1.example.com'))
    await stream.send(Buffer.from(HELLO))
    await stream.send(Buffer.from(text))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
    await until(() => server.fleet.counts().connected === 1)
    expect(await bystander.checkIn()).toMatchObject({ type: 'bundle' })
    expect(server.warnings).toContain('conversation-ended')
  })

  test('another first message than hello', async () => {
    await using server = await TestServer.start(motd('hello'))
    const stream = await rawStream(server, await server.admit('web1.example.com'))
    await stream.send(
      Buffer.from('{"type":"task-done","task":"00000000000000000000000000000000","exitCode":0,"durationMs":0}'),
    )
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
  })

  test('a frame beyond the limit', async () => {
    await using server = await TestServer.start(motd('hello'))
    const stream = await rawStream(server, await server.admit('web1.example.com'))
    await stream.send(Buffer.from(HELLO))
    await stream.send(Buffer.alloc(4 * 1024 * 1024 + 1, 0x20)).catch(() => undefined)
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
  })

  test.each([
    ['too large', { packages: 'x'.repeat(600_000) }],
    ['too deep', JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)],
    ['of endless names', { ['n'.repeat(300)]: 1 }],
  ])('traits that are %s', async (_, traits) => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await connected(server)
    await expect(envoy.checkIn({ traits })).rejects.toMatchObject({ code: 'reset' })
    expect(await server.fleet.traits(envoy.peer)).toBeNull()
  })

  test('bytes of any kind', async () => {
    await using server = await TestServer.start(motd('hello'))
    const bystander = await connected(server, 'web2.example.com')
    const envoy = await server.admit('web1.example.com')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map(text => Buffer.from(text)),
        ),
        async bytes => {
          const stream = await rawStream(server, envoy)
          await stream.send(Buffer.from(HELLO))
          await stream.send(bytes)
          await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
        },
      ),
      { numRuns: 50 },
    )
    expect(await bystander.checkIn()).toMatchObject({ type: 'bundle' })
  })
})

test('names of traits that every object inherits are names like any other', async () => {
  await using server = await TestServer.start(motd('hello {{ .Traits.__proto__.name }}'))
  const envoy = await connected(server)
  const traits = JSON.parse('{"__proto__":{"name":"proto"},"constructor":1}')
  expect(await envoy.checkIn({ traits })).toMatchObject({ type: 'bundle' })
  expect(envoy.bundle?.resources[0]?.attributes['content']).toBe('hello proto')
  expect({}).not.toHaveProperty('name')
})

test('what a report has beside what the protocol knows is not stored', async () => {
  await using server = await TestServer.start(motd('hello'))
  const envoy = await connected(server)
  await envoy.checkIn()
  const run = envoy.run()
  await envoy.report({ ...run, junk: 'x'.repeat(1000) } as typeof run)
  expect((await server.fleet.run(envoy.peer, run.id))?.run).toEqual(run)
})

test('an envoy that floods the server waits, and nobody else does', async () => {
  await using server = await TestServer.start(motd('hello'))
  const flooder = await connected(server)
  const other = await connected(server, 'web2.example.com')
  await flooder.checkIn()
  const message = {
    type: 'check-in',
    bundle: flooder.bundle?.hash ?? '',
    release: '',
    traitsHash: hashOf(UBUNTU),
  } as const
  const flood = Promise.allSettled(Array.from({ length: 2_000 }, () => flooder.session.send(message)))
  let answered = 0
  const answers = (async () => {
    while (answered < 2_000) {
      await flooder.nextOf('unchanged')
      answered++
    }
  })().catch(() => undefined)
  await until(() => answered > 300)
  for (let at = 0; at < 50; at++) await other.checkIn()
  expect(answered).toBeLessThan(2_000)
  server.network.kill(flooder.host.peerId)
  await Promise.all([flood, answers])
})

describe('secrets', () => {
  const FILES = {
    ...motd('hello'),
    'configcrates/motd.vgo': motd('secret:vigo/motd')['configcrates/motd.vgo'] ?? '',
  }

  test('are given to the envoy whose bundle refers to them', async () => {
    await using server = await TestServer.start(FILES)
    server.secrets.set('vigo/motd', 'psst')
    const envoy = await connected(server)
    await envoy.checkIn()
    const bundle = envoy.bundle?.hash ?? ''
    await envoy.session.send({ type: 'secrets', bundle, paths: ['vigo/motd'] })
    expect(await envoy.nextOf('secrets')).toEqual({ type: 'secrets', bundle, values: { 'vigo/motd': 'psst' } })
    expect(server.audit).toEqual([])
  })

  test('of others are refused, and that is written down', async () => {
    await using server = await TestServer.start(FILES)
    server.secrets.set('vigo/motd', 'psst')
    server.secrets.set('vigo/other', 'no')
    const envoy = await connected(server)
    await envoy.checkIn()
    const bundle = envoy.bundle?.hash ?? ''
    await envoy.session.send({ type: 'secrets', bundle, paths: ['vigo/motd', 'vigo/other'] })
    expect(await envoy.nextOf('secrets')).toMatchObject({ values: {}, problem: expect.any(String) })
    expect(server.audit).toEqual([
      expect.objectContaining({ action: 'secret.denied', actor: 'web1.example.com', target: 'vigo/other' }),
    ])
  })

  test('of a bundle that is somebody else’s, or not the envoy’s any more, are refused', async () => {
    await using server = await TestServer.start(FILES)
    server.secrets.set('vigo/motd', 'psst')
    const envoy = await connected(server)
    await envoy.session.send({ type: 'secrets', bundle: 'a'.repeat(64), paths: ['vigo/motd'] })
    expect(await envoy.nextOf('secrets')).toMatchObject({ values: {}, problem: expect.any(String) })
    await envoy.checkIn()
    const bundle = envoy.bundle?.hash ?? ''
    await server.publish(motd('no secret'))
    await envoy.session.send({ type: 'secrets', bundle, paths: ['vigo/motd'] })
    expect(await envoy.nextOf('secrets')).toMatchObject({ values: {}, problem: expect.any(String) })
  })

  test('that are missing are told by their paths', async () => {
    await using server = await TestServer.start(FILES)
    const envoy = await connected(server)
    await envoy.checkIn()
    await envoy.session.send({ type: 'secrets', bundle: envoy.bundle?.hash ?? '', paths: ['vigo/motd'] })
    expect(await envoy.nextOf('secrets')).toMatchObject({ values: {}, problem: 'there is no secret vigo/motd' })
  })

  test('that change are told to those whose bundles refer to them', async () => {
    await using server = await TestServer.start({
      ...FILES,
      'configcrates/plain.vgo': (motd('plain')['configcrates/motd.vgo'] ?? '').replaceAll('motd', 'plain'),
      'envoys.vgo': 'envoys:\n  - match: "web*"\n    configcrates: [motd]\n  - match: "*"\n    configcrates: [plain]\n',
    })
    server.secrets.set('vigo/motd', 'one')
    const web = await connected(server)
    const db = await connected(server, 'db1.example.com')
    await Promise.all([web.checkIn(), db.checkIn()])
    server.secrets.set('vigo/motd', 'two')
    expect(await web.next()).toMatchObject({ type: 'check-in-now' })
    expect(await web.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged', secretsEpoch: 2 })
    expect(await db.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged', secretsEpoch: 2 })
  })
})

describe('tasks', () => {
  const order: TaskOrder = { id: '1'.repeat(32), command: 'true', timeoutMs: 1000, nice: 0, dryRun: false }

  function heardBy(server: TestServer): TaskEvent[] {
    const events: TaskEvent[] = []
    server.fleet.tasks.onTask((_peer, event) => events.push(event))
    return events
  }

  test('reach an envoy, and what it says of them reaches whoever listens', async () => {
    await using server = await TestServer.start(motd('hello'))
    const events = heardBy(server)
    const envoy = await connected(server)
    await until(() => server.fleet.tasks.isConnected(envoy.peer))
    expect(server.fleet.tasks.sendTask(envoy.peer, order)).toBe(true)
    expect(await envoy.next()).toEqual({ type: 'run-task', task: order })
    expect(server.fleet.tasks.cancelTask(envoy.peer, order.id)).toBe(true)
    expect(await envoy.next()).toEqual({ type: 'cancel-task', id: order.id })
    await envoy.session.send({ type: 'task-output', task: order.id, stream: 'stdout', text: 'out' })
    await envoy.session.send({ type: 'task-done', task: order.id, exitCode: 0, durationMs: 3 })
    await until(() => events.length === 2)
    expect(events).toMatchObject([{ text: 'out' }, { exitCode: 0 }])
    expect(server.fleet.tasks.cancelTask(envoy.peer, order.id)).toBe(false)
  })

  test('of others, or that are done, are nobody’s, and output has an end', async () => {
    await using server = await TestServer.start(motd('hello'))
    const events = heardBy(server)
    const envoy = await connected(server)
    await until(() => server.fleet.tasks.sendTask(envoy.peer, order))
    await envoy.nextOf('run-task')
    const say = (task: string, text: string) =>
      envoy.session.send({ type: 'task-output', task, stream: 'stdout', text })
    await say('2'.repeat(32), 'not mine')
    for (let at = 0; at < 20; at++) await say(order.id, 'x'.repeat(65_000))
    const done = { type: 'task-done', task: order.id, exitCode: null, durationMs: 3 } as const
    await envoy.session.send(done)
    await envoy.session.send(done)
    await envoy.checkIn()
    expect(events.filter(({ type }) => type === 'task-done')).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'task-output')).toHaveLength(16)
    expect(events.every(({ task }) => task === order.id)).toBe(true)
  })

  test('of an envoy that goes away are lost, once', async () => {
    await using server = await TestServer.start(motd('hello'))
    const events = heardBy(server)
    const envoy = await connected(server)
    await until(() => server.fleet.tasks.sendTask(envoy.peer, order))
    server.network.kill(envoy.host.peerId)
    await until(() => events.length > 0)
    expect(events).toEqual([{ type: 'task-lost', task: order.id }])
    expect(server.fleet.tasks.sendTask(envoy.peer, order)).toBe(false)
  })
})

test('when too many come at once some are told when to come back, and everybody is served in the end', async () => {
  const gate = new Gate({ running: 1, waiting: 2, waitingBytes: 1_000_000 })
  await using server = await TestServer.start(motd('hello'), { gate })
  const envoys = await Promise.all(Array.from({ length: 30 }, (_, at) => connected(server, `web${at}.example.com`)))
  const refusals = await Promise.all(
    envoys.map(async envoy => {
      for (let refused = 0; ; refused++) {
        const answer = await envoy.checkIn()
        if (answer.type === 'bundle') return refused
        expect(answer).toMatchObject({ type: 'refused', code: 'busy' })
        expect(answer).toHaveProperty(
          'retryMs',
          expect.toSatisfy(ms => ms >= 1_000 && ms <= 10_000),
        )
      }
    }),
  )
  expect(Math.max(...refusals)).toBeGreaterThan(0)
  expect(Math.max(...refusals)).toBeLessThanOrEqual(3)
  expect([gate.running, gate.waiting]).toEqual([0, 0])
})

test('a thousand envoys that come at once are all served, and the next release reaches them all', async () => {
  await using server = await TestServer.start(motd('one'))
  const envoys = await Promise.all(Array.from({ length: 1_000 }, (_, at) => server.admit(`web${at}.example.com`)))
  const come = async (envoy: TestEnvoy): Promise<void> => {
    await envoy.connect()
    for (;;) {
      const answer = await envoy.checkIn()
      if (answer.type !== 'refused') return
      expect(answer.code).toBe('busy')
      await server.clock.sleep(answer.retryMs / 10)
    }
  }
  await Promise.all(envoys.map(come))
  expect(server.fleet.counts()).toMatchObject({ envoys: 1_000, connected: 1_000 })
  await Promise.all(envoys.map(envoy => envoy.report(envoy.run())))
  expect(server.fleet.counts()).toMatchObject({ upToDate: 1_000, status: { converged: 1_000 } })
  await server.publish(motd('two'))
  expect(server.fleet.counts().upToDate).toBe(0)
  await Promise.all(
    envoys.map(async envoy => {
      await envoy.nextOf('check-in-now')
      expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'bundle' })
    }),
  )
})
