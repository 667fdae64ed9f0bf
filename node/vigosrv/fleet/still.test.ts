import { describe, expect, test } from 'vitest'
import { CHECKIN_PROTOCOL, type FromBolt, MAX_FROM_BOLT_BYTES, STILL } from '#node/checkin'
import { motd } from '../policy/fixture.ts'
import { type TestEnvoy, TestServer, until } from './fixture.ts'

/** An envoy that was told that nothing is new. */
async function settled(server: TestServer, hostname = 'web1.example.com'): Promise<TestEnvoy> {
  const envoy = await (await server.admit(hostname)).connect()
  expect(await envoy.checkIn()).toMatchObject({ type: 'bundle' })
  expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged' })
  return envoy
}

async function still(envoy: TestEnvoy): Promise<FromBolt> {
  await envoy.session.send(STILL)
  return await envoy.next()
}

describe('a check-in that says the same as the last one', () => {
  test('is answered the same by the shortest of messages, and counts like any other', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await settled(server)
    const before = { ...server.fleet.checkins }
    for (let at = 0; at < 3; at++) expect(await still(envoy)).toEqual(STILL)
    expect(server.fleet.checkins).toEqual({ ...before, unchanged: before.unchanged + 3 })
  })

  test('is one byte there and back', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await settled(server)
    await envoy.session.send(STILL)
    await envoy.next()
    expect(envoy.session.receivedBytes).toBe(0)
  })

  test('is answered in full when something has changed since', async () => {
    await using server = await TestServer.start(motd('one'))
    const envoy = await settled(server)
    const release = await server.publish({ ...motd('one'), 'other.vgo': '' })
    expect(await envoy.nextOf('check-in-now')).toBeDefined()
    expect(await still(envoy)).toMatchObject({ type: 'unchanged', release })
    expect(await still(envoy)).toEqual(STILL)
    await server.publish(motd('two'))
    expect(await envoy.nextOf('check-in-now')).toBeDefined()
    expect(await still(envoy)).toMatchObject({ type: 'bundle', bundle: { host: envoy.hostname } })
  })

  test('counts as having come when called', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await settled(server)
    for (let at = 0; at < 2; at++) {
      expect(server.fleet.push([envoy.peer], 'now')).toBe(1)
      expect(await envoy.next()).toMatchObject({ type: 'check-in-now' })
      expect(await still(envoy)).toEqual(STILL)
    }
  })

  test('gets the bundle again when that was what the last one got', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    expect(await still(envoy)).toMatchObject({ type: 'bundle' })
  })

  test('of a host that gets nothing is answered the same', async () => {
    await using server = await TestServer.start(motd('hello'))
    await server.publish({ ...motd('hello'), 'envoys.vgo': 'envoys:\n  - match: "db*"\n    configcrates: [motd]\n' })
    const envoy = await (await server.admit('web1.example.com')).connect()
    expect(await envoy.checkIn()).toMatchObject({ type: 'no-policy' })
    expect(await still(envoy)).toEqual(STILL)
  })

  test('knows nothing of another conversation', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await settled(server)
    await envoy.connect()
    await expect(still(envoy)).rejects.toMatchObject({ code: 'reset' })
    expect(server.warnings).toContain('conversation-ended')
  })

  test('is not taken from who was revoked in between', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await settled(server)
    await server.revoke(envoy)
    await until(() => envoy.session.closed.aborted)
    await expect(still(envoy)).rejects.toMatchObject({ code: 'reset' })
  })
})

describe('hostile:', () => {
  test('before any check-in it ends the conversation, also before hello', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await server.admit('web1.example.com')
    for (const first of [[], [Buffer.from('{"type":"hello","version":"1"}')]]) {
      await envoy.host.connect(server.host.peerId)
      const stream = await envoy.host.open(server.host.peerId, CHECKIN_PROTOCOL, { maxFrameBytes: MAX_FROM_BOLT_BYTES })
      for (const frame of [...first, new Uint8Array()]) await stream.send(frame)
      await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
    }
  })

  test('a flood of it waits, and nobody else does', async () => {
    await using server = await TestServer.start(motd('hello'))
    const flooder = await settled(server)
    const other = await settled(server, 'web2.example.com')
    const flood = Promise.allSettled(Array.from({ length: 2_000 }, () => flooder.session.send(STILL)))
    let answered = 0
    const answers = (async () => {
      for (; answered < 2_000; answered++) await flooder.nextOf('still')
    })().catch(() => undefined)
    await until(() => answered > 300)
    for (let at = 0; at < 50; at++) expect(await still(other)).toEqual(STILL)
    expect(answered).toBeLessThan(2_000)
    server.network.kill(flooder.host.peerId)
    await Promise.all([flood, answers])
  })

  test('who asks and never reads holds no more than what it asked for, and is ended with its connection', async () => {
    await using server = await TestServer.start(motd('hello'))
    const mute = await settled(server)
    const other = await settled(server, 'web2.example.com')
    for (let at = 0; at < 300; at++) await mute.session.send(STILL)
    expect(await still(other)).toEqual(STILL)
    server.network.kill(mute.host.peerId)
    await until(() => server.fleet.counts().connected === 1)
  })

  test('who asks and then ends its side gets its answers, and the conversation is over', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await server.admit('web1.example.com')
    await envoy.host.connect(server.host.peerId)
    const stream = await envoy.host.open(server.host.peerId, CHECKIN_PROTOCOL, { maxFrameBytes: MAX_FROM_BOLT_BYTES })
    await stream.send(Buffer.from('{"type":"hello","version":"1"}'))
    await stream.send(
      Buffer.from(
        JSON.stringify({ type: 'check-in', bundle: '', release: '', traitsHash: 'a'.repeat(64), traits: {} }),
      ),
    )
    await stream.send(new Uint8Array())
    await stream.closeWrite()
    const answers: unknown[] = []
    for (let frame = await stream.receive(); frame !== null; frame = await stream.receive()) {
      answers.push(JSON.parse(Buffer.from(frame.subarray()).toString()).type)
    }
    expect(answers).toEqual(['bundle', 'bundle'])
    await until(() => server.fleet.counts().connected === 0)
  })
})
