import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { Gate } from './gate.ts'
import { type Codec, type RequestProtocol, request, serveRequests } from './request.ts'
import type { FrameStream, Host, PeerId } from './types.ts'

/** Makes hosts that can reach each other; `close` is called after each test. */
export interface HostFixture {
  host(gate?: Gate): Promise<Host>
  /** How long gossip may need to notice a subscription. */
  gossipDelayMs: number
  close(): Promise<void>
}

const ECHO = '/test/echo/1'
const LIMIT = { maxFrameBytes: 1024 * 1024 }

const bytes: Codec<Uint8Array> = { encode: value => value, decode: value => value }

/** What every implementation of `Host` promises. */
export function hostCompliance(name: string, create: () => Promise<HostFixture>): void {
  describe(`${name} keeps the host contract:`, () => {
    let fixture: HostFixture | undefined

    afterEach(async () => {
      await fixture?.close()
      fixture = undefined
    })

    async function start(): Promise<HostFixture> {
      fixture = await create()
      return fixture
    }

    async function pair(): Promise<[Host, Host]> {
      const hosts = await start()
      const [a, b] = [await hosts.host(), await hosts.host()]
      await a.addAddresses(b.peerId, b.addresses())
      return [a, b]
    }

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

    test('frames of any size arrive whole and in order, and the end after them', async () => {
      const [a, b] = await pair()
      await b.serve(ECHO, LIMIT, echo)
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      const sent = [new Uint8Array(0), randomBytes(1), randomBytes(127), randomBytes(128), randomBytes(1024 * 1024)]
      for (const frame of sent) await stream.send([frame.subarray(0, 1), frame.subarray(1)])
      await stream.closeWrite()
      for (const frame of sent) expect(Buffer.compare(await receive(stream), frame)).toBe(0)
      expect(await stream.receive()).toBeNull()
    })

    test('ten thousand tiny frames arrive', async () => {
      const [a, b] = await pair()
      let received = 0
      const done = Promise.withResolvers<void>()
      await b.serve(ECHO, LIMIT, async stream => {
        for (;;) {
          const frame = await stream.receive()
          if (frame === null) break
          expect(frame.byteLength).toBe(received % 7)
          received++
        }
        done.resolve()
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      for (let i = 0; i < 10_000; i++) await stream.send(new Uint8Array(i % 7))
      await stream.closeWrite()
      await done.promise
      expect(received).toBe(10_000)
    })

    test('after closing its own writing, a side still receives', async () => {
      const [a, b] = await pair()
      await b.serve(ECHO, LIMIT, async stream => {
        expect(await stream.receive()).toBeNull()
        await stream.send(Uint8Array.of(1))
        await stream.send(Uint8Array.of(2))
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      await stream.closeWrite()
      expect([...(await receive(stream)), ...(await receive(stream))]).toEqual([1, 2])
      expect(await stream.receive()).toBeNull()
      await expect(stream.send(Uint8Array.of(3))).rejects.toMatchObject({ code: 'closed' })
    })

    test('a frame above the limit resets the stream on both sides', async () => {
      const [a, b] = await pair()
      const seen = Promise.withResolvers<unknown>()
      await b.serve(ECHO, { maxFrameBytes: 100 }, async stream => {
        await stream.receive().catch(error => {
          seen.resolve(error)
          throw error
        })
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      await stream.send(new Uint8Array(101))
      expect(await seen.promise).toMatchObject({ code: 'too-large' })
      await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
    })

    test('a reset is seen by the other side, whose closed signal fires', async () => {
      const [a, b] = await pair()
      const served = Promise.withResolvers<FrameStream>()
      await b.serve(ECHO, LIMIT, async stream => {
        served.resolve(stream)
        await stream.receive()
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      await stream.send(Uint8Array.of(1))
      const other = await served.promise
      stream.reset(new Error('enough'))
      stream.reset(new Error('again'))
      await until(() => other.closed.aborted && stream.closed.aborted)
      await expect(stream.receive()).rejects.toMatchObject({ code: 'closed' })
      await expect(stream.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'closed' })
    })

    test('a handler that throws resets its stream', async () => {
      const [a, b] = await pair()
      await b.serve(ECHO, LIMIT, async () => {
        throw new Error('no')
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
    })

    test('what a handler sent before it returned arrives, although the caller never finished writing', async () => {
      const [a, b] = await pair()
      await b.serve(ECHO, LIMIT, stream => stream.send(Uint8Array.of(5)))
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      expect([...(await receive(stream))]).toEqual([5])
      expect(await stream.receive()).toBeNull()
      stream.reset(new Error('done'))
    })

    test('a signal ends a wait, and the stream can still be read', async () => {
      const [a, b] = await pair()
      await b.serve(ECHO, LIMIT, echo)
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      const controller = new AbortController()
      const waiting = stream.receive({ signal: controller.signal })
      controller.abort(new Error('changed my mind'))
      await expect(waiting).rejects.toThrow('changed my mind')
      await stream.send(Uint8Array.of(9))
      expect([...(await receive(stream))]).toEqual([9])
      stream.reset(new Error('done'))
    })

    test('more streams of one peer than maxPerPeer are reset, and a place is free when one ends', async () => {
      const [a, b] = await pair()
      const running = new Set<FrameStream>()
      await b.serve(ECHO, { ...LIMIT, maxPerPeer: 2 }, async stream => {
        running.add(stream)
        await echo(stream).finally(() => running.delete(stream))
      })
      const open = async (): Promise<FrameStream> => {
        const stream = await a.open(b.peerId, ECHO, LIMIT)
        await stream.send(Uint8Array.of(1))
        return stream
      }
      const [first, second] = [await open(), await open()]
      await Promise.all([receive(first), receive(second)])
      const third = await a.open(b.peerId, ECHO, LIMIT)
      await expect(third.receive()).rejects.toMatchObject({ code: 'reset' })
      first.reset(new Error('done'))
      await until(() => running.size === 1)
      expect([...(await receive(await open()))]).toEqual([1])
    })

    test('a slow reader stops the sender', async () => {
      const [a, b] = await pair()
      const gate = Promise.withResolvers<void>()
      let received = 0
      await b.serve(ECHO, LIMIT, async stream => {
        await gate.promise
        while ((await stream.receive()) !== null) received++
        await stream.send(Uint8Array.of(1))
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      const frame = randomBytes(256 * 1024)
      let sent = 0
      const sending = (async () => {
        for (; sent < 200; sent++) await stream.send(frame)
        await stream.closeWrite()
      })()
      await steady(() => sent)
      expect(sent * frame.byteLength).toBeLessThan(16 * 1024 * 1024)
      gate.resolve()
      await sending
      await receive(stream)
      expect(received).toBe(200)
    })

    test('frames are answered at once while their receiver waits, in order with those that are not', async () => {
      const [a, b] = await pair()
      let quick = 0
      await b.serve(ECHO, LIMIT, async stream => {
        stream.answerAtOnce(frame => {
          if (frame.byteLength > 1) return null
          quick++
          return frame
        })
        await echo(stream)
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      for (const size of [0, 1, 0]) {
        await stream.send(new Uint8Array(size))
        expect((await stream.receive())?.byteLength).toBe(size)
      }
      expect(quick).toBe(3)
      const sizes = Array.from({ length: 200 }, (_, at) => (at % 3 === 0 ? 200 : at % 2))
      for (const size of sizes) await stream.send(new Uint8Array(size))
      for (const size of sizes) expect((await stream.receive())?.byteLength).toBe(size)
    })

    test('a frame is not answered at once while its receiver is at work', async () => {
      const [a, b] = await pair()
      const atWork = Promise.withResolvers<void>()
      let asked = 0
      await b.serve(ECHO, LIMIT, async stream => {
        stream.answerAtOnce(() => {
          asked++
          return null
        })
        await atWork.promise
        await echo(stream)
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      await stream.send(Uint8Array.of(1))
      await new Promise(resolve => setTimeout(resolve, 50))
      expect(asked).toBe(0)
      atWork.resolve()
      expect((await stream.receive())?.byteLength).toBe(1)
    })

    test('who does not read what was answered at once is not answered for ever', async () => {
      const [a, b] = await pair()
      const answer = new Uint8Array(64 * 1024)
      let answers = 0
      await b.serve(ECHO, LIMIT, async stream => {
        stream.answerAtOnce(() => {
          answers++
          return answer
        })
        while ((await stream.receive()) !== null) await stream.send(answer)
      })
      const stream = await a.open(b.peerId, ECHO, LIMIT)
      for (let at = 0; at < 1_000; at++) {
        await stream.send(Uint8Array.of(1))
        await new Promise(resolve => setImmediate(resolve))
      }
      expect(answers).toBeGreaterThan(1)
      expect(answers).toBeLessThan(300)
      for (let at = 0; at < 1_000; at++) expect((await stream.receive())?.byteLength).toBe(answer.byteLength)
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
  })
}

async function echo(stream: FrameStream): Promise<void> {
  for (;;) {
    const frame = await stream.receive()
    if (frame === null) return
    await stream.send([...frame])
  }
}

async function receive(stream: FrameStream): Promise<Uint8Array> {
  const frame = await stream.receive()
  if (frame === null) throw new Error('the stream ended')
  return frame.subarray()
}

/** Waits for a condition; the test's own time limit is the deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Resolves when the value has not changed for a while. */
export async function steady(value: () => number): Promise<void> {
  for (let same = 0, last = value(); same < 20; ) {
    await new Promise(resolve => setTimeout(resolve, 10))
    if (value() === last) same++
    else [same, last] = [0, value()]
  }
}
