import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { FrameStream } from '../types.ts'
import { ECHO, echo, LIMIT, receive, steady, type TestHosts, until } from './fixture.ts'

/** Frames over streams. */
export function streams({ pair }: TestHosts): void {
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
}
