import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Codec, type RequestProtocol, request, serveRequests } from '../request.ts'
import type { PeerId } from '../types.ts'
import { ECHO, echo, LIMIT, type TestHosts, until } from './fixture.ts'

const bytes: Codec<Uint8Array> = { encode: value => value, decode: value => value }

/** Connections, who may have one, requests, gossip and what is found. */
export function peers({ start, pair }: TestHosts): void {
  test('a connection is seen on both sides, once, and connecting again changes nothing', async () => {
    const [a, b] = await pair()
    const events: string[] = []
    a.onPeer(event => events.push(`a ${event.type} ${event.peer === b.peerId}`))
    b.onPeer(event => events.push(`b ${event.type} ${event.peer === a.peerId}`))
    expect(await a.connect(b.peerId)).toBe(b.peerId)
    expect(await a.connect(b.addresses()[0] ?? '')).toBe(b.peerId)
    await until(() => b.peers().includes(a.peerId))
    await a.disconnect(b.peerId)
    await until(() => a.peers().length === 0 && b.peers().length === 0)
    expect(events.sort()).toEqual(['a connect true', 'a disconnect true', 'b connect true', 'b disconnect true'])
  })

  test('a peer that is no member is neither dialled nor let in', async () => {
    const hosts = await start()
    const refused = new Set<PeerId>()
    const [a, b] = [await hosts.host(), await hosts.host(peer => !refused.has(peer))]
    refused.add(a.peerId)
    await a.addAddresses(b.peerId, b.addresses())
    await b.addAddresses(a.peerId, a.addresses())
    await b.serve(ECHO, LIMIT, echo)
    await expect(a.connect(b.peerId)).rejects.toMatchObject({ code: 'unreachable' })
    await expect(a.open(b.peerId, ECHO, LIMIT)).rejects.toMatchObject({ code: 'unreachable' })
    await expect(b.connect(a.peerId)).rejects.toMatchObject({ code: 'not-a-member' })
    await expect(b.open(a.peerId, ECHO, LIMIT)).rejects.toMatchObject({ code: 'not-a-member' })
    expect(b.peers()).toEqual([])
  })

  test('a member that is revoked is cut off by disconnect and stays out', async () => {
    const hosts = await start()
    const refused = new Set<PeerId>()
    const [a, b] = [await hosts.host(), await hosts.host(peer => !refused.has(peer))]
    await b.serve(ECHO, LIMIT, echo)
    await a.connect(b.addresses()[0] ?? '')
    const stream = await a.open(b.peerId, ECHO, LIMIT)
    refused.add(a.peerId)
    await b.disconnect(a.peerId)
    expect(b.peers()).toEqual([])
    await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
    await until(() => a.peers().length === 0)
    await expect(a.connect(b.peerId)).rejects.toMatchObject({ code: 'unreachable' })
    expect(b.peers()).toEqual([])
  })

  test('nobody is reached who has no address, whose protocol is unknown, or who is oneself', async () => {
    const hosts = await start()
    const [a, b, c] = [await hosts.host(), await hosts.host(), await hosts.host()]
    await c.close()
    await expect(a.connect(c.peerId)).rejects.toMatchObject({ code: 'unreachable' })
    await a.connect(b.addresses()[0] ?? '')
    await expect(a.open(b.peerId, '/test/unknown/1', LIMIT)).rejects.toMatchObject({ code: 'unsupported' })
    await expect(a.open(a.peerId, ECHO, LIMIT)).rejects.toMatchObject({ code: 'unreachable' })
    await expect(a.connect('/nonsense')).rejects.toMatchObject({ code: 'malformed' })
  })

  test('addresses are remembered, and those of another peer refused', async () => {
    const [a, b] = await pair()
    expect(await a.knownAddresses(b.peerId)).toEqual(b.addresses())
    await expect(a.addAddresses(a.peerId, b.addresses())).rejects.toMatchObject({ code: 'malformed' })
  })

  test('a request is answered; one that the answerer cannot read or answer is reset', async () => {
    const [a, b] = await pair()
    const protocol: RequestProtocol<Uint8Array, Uint8Array> = {
      id: '/test/request/1',
      request: {
        encode: value => value,
        decode: value => {
          if (value[0] === 0) throw new RangeError('zero')
          return value
        },
      },
      response: bytes,
      maxRequestBytes: 1024,
      maxResponseBytes: 1024,
      deadlineMs: 5_000,
    }
    await serveRequests(b, protocol, async (question, { peer }) => {
      if (question[0] === 1) throw new Error('no answer')
      return Buffer.from(`${peer === a.peerId} ${question[0]}`)
    })
    expect(Buffer.from(await request(a, b.peerId, protocol, Uint8Array.of(7))).toString()).toBe('true 7')
    await expect(request(a, b.peerId, protocol, Uint8Array.of(0))).rejects.toMatchObject({ code: 'reset' })
    await expect(request(a, b.peerId, protocol, Uint8Array.of(1))).rejects.toMatchObject({ code: 'reset' })
    const slow = { ...protocol, id: '/test/slow/1', deadlineMs: 100 }
    await b.serve(slow.id, LIMIT, async stream => {
      await stream.receive()
      await stream.receive()
      await new Promise<void>(resolve => stream.closed.addEventListener('abort', () => resolve()))
    })
    await expect(request(a, b.peerId, slow, Uint8Array.of(7))).rejects.toMatchObject({ code: 'deadline' })
  })

  test('gossip passes on what is accepted, keeps what is ignored, and stops listening to who sends rejects', async () => {
    const hosts = await start()
    // A line: c must get from b what a publishes, so a and c are kept from finding each other.
    const [b, c] = [await hosts.host(), await hosts.host()]
    const a = await hosts.host(peer => peer !== c.peerId)
    const topic = '/test/topic/1'
    const got: Record<'b' | 'c', string[]> = { b: [], c: [] }
    const collect =
      (who: 'b' | 'c') =>
      async (message: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> => {
        const text = Buffer.from(message).toString()
        got[who].push(text)
        return text.startsWith('bad') ? 'reject' : text.startsWith('stale') ? 'ignore' : 'accept'
      }
    a.gossip.subscribe(topic, async () => 'accept')
    b.gossip.subscribe(topic, collect('b'))
    c.gossip.subscribe(topic, collect('c'))
    await a.connect(b.addresses()[0] ?? '')
    await c.connect(b.addresses()[0] ?? '')
    await until(() => a.gossip.subscribers(topic).length === 1 && b.gossip.subscribers(topic).length === 2)
    await new Promise(resolve => setTimeout(resolve, hosts.gossipDelayMs))
    const publish = (text: string): Promise<void> => a.gossip.publish(topic, Buffer.from(text))
    await publish('good 1')
    await publish('good 1')
    await publish('stale 1')
    await until(() => got.b.length === 2 && got.c.length === 1)
    for (let i = 0; i < 5; i++) {
      await publish(`bad ${i}`)
      await until(() => got.b.includes(`bad ${i}`))
    }
    await new Promise(resolve => setTimeout(resolve, hosts.gossipDelayMs))
    await publish('good 2')
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(got.b).toEqual(['good 1', 'stale 1', 'bad 0', 'bad 1', 'bad 2', 'bad 3', 'bad 4'])
    expect(got.c).toEqual(['good 1'])
    await expect(a.gossip.publish(topic, new Uint8Array(256 * 1024 + 1))).rejects.toMatchObject({ code: 'too-large' })
  })

  test('a provider of a blob is found by members', async () => {
    const [a, b] = await pair()
    await a.connect(b.peerId)
    const blob = randomBytes(32)
    await until(async () => {
      await b.content.provide(blob)
      for await (const peer of a.content.findProviders(blob)) return peer === b.peerId
      return false
    })
  })

  test('closing resets streams, tells the others, refuses further work, and may be repeated', async () => {
    const [a, b] = await pair()
    await b.serve(ECHO, LIMIT, echo)
    const stream = await a.open(b.peerId, ECHO, LIMIT)
    const waiting = stream.receive()
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'closed' }), a.close()])
    await a.close()
    await until(() => b.peers().length === 0)
    await expect(a.connect(b.peerId)).rejects.toMatchObject({ code: 'closed' })
    await expect(a.open(b.peerId, ECHO, LIMIT)).rejects.toMatchObject({ code: 'closed' })
  })
}
