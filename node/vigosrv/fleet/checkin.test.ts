import { describe, expect, test } from 'vitest'
import { motd } from '../policy/fixture.ts'
import { TestServer, until } from './fixture.ts'

describe('a check-in', () => {
  test('brings the bundle, and nothing but a word when nothing has changed', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    const first = await envoy.checkIn()
    expect(first).toMatchObject({ type: 'bundle', intervalMs: 60_000, secretsEpoch: 0 })
    expect(envoy.bundle?.resources.map(({ id }) => id)).toEqual(['motd/motd'])
    for (const withTraits of [false, false, true]) {
      expect(await envoy.checkIn({ withTraits })).toEqual({
        type: 'unchanged',
        release: server.policy.release,
        intervalMs: 60_000,
        secretsEpoch: 0,
      })
    }
    expect(server.fleet.find('web1.example.com')).toMatchObject({
      version: '1.2.3',
      reachability: 'online',
      isConnected: true,
      status: 'no-data',
      wantedRelease: server.policy.release,
      entry: '*.example.com',
      crates: ['motd'],
      problem: '',
    })
    expect(await server.fleet.traits(envoy.peer)).toMatchObject({ os: { family: 'debian' } })
    expect((await server.fleet.bundle(envoy.peer))?.hash).toBe(envoy.bundle?.hash)
    expect(server.fleet.checkins).toEqual({ bundle: 1, unchanged: 3, 'no-bundle': 0, refused: 0 })
  })

  test('of a host that no entry matches says so, and the row does', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.test')).connect()
    expect(await envoy.checkIn()).toMatchObject({ type: 'no-policy', reason: expect.stringContaining('web1.test') })
    expect(server.fleet.find('web1.test')).toMatchObject({
      wantedRelease: null,
      problem: expect.stringContaining('web1.test'),
    })
  })

  test('of a host that cannot be compiled leaves it with what it has', async () => {
    const files = motd('hello {{ .Traits.rack }}')
    await using server = await TestServer.start(files)
    const envoy = await (await server.admit('web1.example.com')).connect()
    expect(await envoy.checkIn()).toMatchObject({ type: 'refused', code: 'cannot-compile', retryMs: 60_000 })
    expect(server.fleet.find('web1.example.com').problem).toContain('rack')
    expect(await envoy.checkIn({ traits: { rack: 'r1' } })).toMatchObject({ type: 'bundle' })
    expect(server.fleet.find('web1.example.com').problem).toBe('')
  })

  test('after a publish brings the new bundle; where the bundle is the same only the release is new', async () => {
    await using server = await TestServer.start(motd('one'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    const second = await server.publish({ ...motd('one'), 'tasks/unrelated.vgo': 'name: t\ncommand: "true"\n' })
    expect(await envoy.nextOf('check-in-now')).toMatchObject({ reason: 'another configuration is live' })
    expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged', release: second })
    await server.publish(motd('two'))
    await envoy.nextOf('check-in-now')
    expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'bundle' })
    expect(envoy.bundle?.resources[0]?.attributes['content']).toBe('two')
  })

  test('whose traits nobody knows is asked for them', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'refused', code: 'traits-needed' })
    expect(await envoy.checkIn()).toMatchObject({ type: 'bundle' })
    expect(server.fleet.checkins).toMatchObject({ bundle: 1, refused: 1 })
  })

  test('on a new stream needs no traits that are known from before, also after a restart', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    await server.restart({ killed: false })
    await envoy.connect()
    expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged' })
  })
})

describe('a conversation', () => {
  test('is for envoys of the roster: bolts and strangers get none', async () => {
    await using server = await TestServer.start(motd('hello'))
    const bolt = await server.admit('bolt2.example.com', 'bolt')
    await expect(bolt.connect().then(() => bolt.next())).rejects.toMatchObject({ code: 'reset' })
    expect(server.fleet.rows()).toEqual([])
  })

  test('ends when the envoy opens another one', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    const { session } = envoy
    await envoy.connect()
    await expect(session.receive()).rejects.toMatchObject({ code: 'reset' })
    expect(await envoy.checkIn()).toMatchObject({ type: 'unchanged' })
    expect(server.fleet.counts()).toMatchObject({ envoys: 1, connected: 1 })
  })

  test('and the row of an envoy end with its revocation', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    await envoy.report(envoy.run())
    await server.revoke(envoy)
    await expect(envoy.next()).rejects.toMatchObject({ code: 'reset' })
    expect(server.fleet.rows()).toEqual([])
    expect(server.fleet.counts()).toMatchObject({ envoys: 0, connected: 0, upToDate: 0 })
    await until(async () => (await server.fleet.runs(envoy.peer, { limit: 1 })).length === 0)
    await expect(envoy.connect().then(() => envoy.next())).rejects.toMatchObject({ code: 'reset' })
  })

  test('ends when the envoy gets another name, and goes on under that with what it had', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    const run = envoy.run()
    await envoy.report(run)
    await server.rename(envoy, 'db1.example.com')
    await expect(envoy.next()).rejects.toMatchObject({ code: 'reset' })
    await envoy.connect()
    expect(await envoy.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged' })
    expect(server.fleet.rows().map(({ hostname, lastRun }) => [hostname, lastRun?.id])).toEqual([
      ['db1.example.com', run.id],
    ])
  })

  test('that breaks leaves an envoy that is not connected, and stale after two and a half of its intervals', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    server.network.kill(envoy.host.peerId)
    await until(() => server.fleet.counts().connected === 0)
    expect(server.fleet.counts().reachability).toEqual({ online: 1, stale: 0, 'never-seen': 0, elsewhere: 0 })
    server.clock.aheadMs += 151_000
    server.fleet.sweep()
    expect(server.fleet.counts().reachability).toEqual({ online: 0, stale: 1, 'never-seen': 0, elsewhere: 0 })
  })

  test('with somebody who says nothing for long ends', async () => {
    await using server = await TestServer.start(motd('hello'))
    const envoy = await (await server.admit('web1.example.com')).connect()
    await envoy.checkIn()
    server.clock.aheadMs += 601_000
    server.fleet.sweep()
    await expect(envoy.next()).rejects.toMatchObject({ code: 'reset' })
  })
})

describe('a push', () => {
  test('reaches those who are connected, once until they have come', async () => {
    await using server = await TestServer.start(motd('hello'))
    const [a, b, away] = [
      await (await server.admit('a.example.com')).connect(),
      await (await server.admit('b.example.com')).connect(),
      await server.admit('away.example.com'),
    ]
    await Promise.all([a.checkIn(), b.checkIn()])
    expect(server.fleet.push([a.peer, b.peer, away.peer, 'nobody'], 'because')).toBe(2)
    expect(await a.next()).toEqual({ type: 'check-in-now', reason: 'because' })
    expect(await b.next()).toEqual({ type: 'check-in-now', reason: 'because' })
    expect(server.fleet.push([a.peer], 'again')).toBe(1)
    await a.checkIn()
    server.fleet.push([a.peer], 'once more')
    expect(await a.next()).toEqual({ type: 'check-in-now', reason: 'once more' })
  })
})

describe('while a release is staged', () => {
  test('only canaries get it, and everybody does when it is promoted', async () => {
    await using server = await TestServer.start(motd('base'))
    const base = server.policy.release
    let isStaged = true
    await server.policy.stageBy({
      baseOf: live => (isStaged && live !== base ? base : null),
      isCanary: host => host.startsWith('canary'),
    })
    const canary = await (await server.admit('canary.example.com')).connect()
    const other = await (await server.admit('other.example.com')).connect()
    await Promise.all([canary.checkIn(), other.checkIn()])
    const staged = await server.publish(motd('staged'))
    expect(await canary.checkIn({ withTraits: false })).toMatchObject({ type: 'bundle', bundle: { release: staged } })
    expect(await other.checkIn({ withTraits: false })).toMatchObject({ type: 'unchanged', release: base })
    expect(server.fleet.rows().map(({ wantedRelease }) => wantedRelease)).toEqual([staged, base])
    isStaged = false
    await server.policy.restage()
    expect(await other.checkIn({ withTraits: false })).toMatchObject({ type: 'bundle', bundle: { release: staged } })
  })
})
