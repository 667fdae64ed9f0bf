import { describe, expect, test } from 'vitest'
import { TestServer, until } from './fixture.ts'
import type { Envoy, Homes } from './homes.ts'

const OTHER = 'cd'.repeat(32)

/** Another server that serves all or nothing, and is there or not. */
class OtherServer implements Homes {
  serves = true
  isThere = true
  readonly #listeners = new Set<(peer: string | null) => void>()

  homeOf(_envoy: Envoy): string | null {
    return this.serves ? OTHER : 'ab'.repeat(32)
  }

  isElsewhere(_envoy: Envoy): boolean {
    return this.serves && this.isThere
  }

  onChange(listener: (peer: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(peer: string | null): void {
    for (const listener of this.#listeners) listener(peer)
  }
}

describe('an envoy whose home is another server', () => {
  test('is elsewhere while that is there, and never seen when it is gone', async () => {
    const homes = new OtherServer()
    await using server = await TestServer.start(null, { homes })
    const { peer } = await server.admit('web1')
    expect(server.fleet.find('web1')).toMatchObject({ home: OTHER, reachability: 'elsewhere', isConnected: false })
    expect(server.fleet.counts().reachability).toEqual({ online: 0, stale: 0, 'never-seen': 0, elsewhere: 1 })
    homes.isThere = false
    server.fleet.sweep()
    expect(server.fleet.find('web1')).toMatchObject({ home: OTHER, reachability: 'never-seen' })
    homes.isThere = true
    homes.tell(null)
    expect(server.fleet.find('web1').reachability).toBe('elsewhere')
    homes.serves = false
    homes.tell(peer)
    expect(server.fleet.find('web1')).toMatchObject({ home: 'ab'.repeat(32), reachability: 'never-seen' })
  })

  test('is online while it is served here, elsewhere when it has left, and stale when nobody serves it', async () => {
    const homes = new OtherServer()
    await using server = await TestServer.start(null, { homes })
    const envoy = await (await server.admit('web1')).connect()
    await envoy.checkIn()
    expect(server.fleet.find('web1')).toMatchObject({ reachability: 'online', isConnected: true })
    homes.tell(null)
    expect(server.fleet.find('web1').reachability).toBe('online')
    envoy.session.close(new Error('it leaves'))
    await until(() => !server.fleet.find('web1').isConnected)
    expect(server.fleet.find('web1').reachability).toBe('elsewhere')
    homes.isThere = false
    server.clock.aheadMs = 10 * 60_000
    server.fleet.sweep()
    expect(server.fleet.find('web1').reachability).toBe('stale')
  })

  test('is told to those who listen once, and only when something of it changed', async () => {
    const homes = new OtherServer()
    await using server = await TestServer.start(null, { homes })
    const { peer } = await server.admit('web1')
    await server.admit('web2')
    const heard: string[] = []
    server.fleet.onEvent(event => event.type === 'envoy' && heard.push(event.row.hostname))
    homes.tell(null)
    expect(heard).toEqual([])
    homes.serves = false
    homes.tell(peer)
    expect(heard).toEqual(['web1'])
    homes.tell(null)
    expect(heard).toEqual(['web1', 'web2'])
  })
})
