/** Each trap of js-libp2p 3 that we have met, so that an upgrade that brings one back, or mends one, is noticed. */
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#node/kit'
import { steady, until } from './compliance/host.compliance.ts'
import { createHost } from './create-host.ts'
import { Libp2pFrameStream } from './frame-stream.ts'
import type { Gate } from './gate.ts'
import { createNode, INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, READ_BUFFER_BYTES, WRITE_BUFFER_BYTES } from './node.ts'
import type { FrameStream, Host } from './types.ts'

const MIB = 1024 * 1024
const PROTOCOL = '/test/trap/1'

describe('libp2p traps:', () => {
  const nodes: Libp2p[] = []
  const hosts: Host[] = []

  afterEach(async () => {
    await Promise.all([...nodes.splice(0).map(node => node.stop()), ...hosts.splice(0).map(host => host.close())])
  })

  async function node(): Promise<Libp2p> {
    const created = await createNode({
      privateKeySeed: crypto.getRandomValues(new Uint8Array(32)),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      gater: { denyDialMultiaddr: () => false },
      maxConnections: 100,
      maxPendingConnections: 100,
      maxConnectionsPerSecondAndAddress: 100,
    })
    nodes.push(created)
    await created.start()
    return created
  }

  async function host(gate: Gate = () => true): Promise<Host> {
    const created = await createHost({
      privateKeySeed: crypto.getRandomValues(new Uint8Array(32)),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      fleetId: 'cd'.repeat(32),
      gate,
      dht: false,
      gossip: false,
      logger: silentLogger,
    })
    hosts.push(created)
    return created
  }

  /** Both ends of one real stream, before anybody has wrapped them. */
  async function rawPair(): Promise<[Stream, Stream]> {
    const [a, b] = [await node(), await node()]
    const served = Promise.withResolvers<Stream>()
    await b.handle(PROTOCOL, stream => served.resolve(stream))
    const opened = await a.dialProtocol(
      b.getMultiaddrs().map(address => multiaddr(address.toString())),
      PROTOCOL,
    )
    return [opened, await served.promise]
  }

  async function framePair(maxFrameBytes = MIB): Promise<[FrameStream, FrameStream, Stream, Stream]> {
    const [a, b] = await rawPair()
    return [new Libp2pFrameStream(a, 'b', maxFrameBytes), new Libp2pFrameStream(b, 'a', maxFrameBytes), a, b]
  }

  test('onDrain resolves once per stream: we wait for the event, and the queues stay small', async () => {
    const [a, b, rawA] = await framePair()
    const frame = new Uint8Array(MIB)
    let received = 0
    const reading = (async () => {
      while ((await b.receive()) !== null) received++
    })()
    let highest = 0
    for (let i = 0; i < 64; i++) {
      await a.send(frame)
      highest = Math.max(highest, rawA.writeBufferLength)
    }
    await a.closeWrite()
    await reading
    expect(received).toBe(64)
    expect(highest).toBeLessThanOrEqual(2 * INITIAL_WINDOW_BYTES)
  })

  test('the write buffer is infinite by default: ours has a bound', async () => {
    const [a] = await rawPair()
    expect(a.maxWriteBufferLength).toBe(WRITE_BUFFER_BYTES)
  })

  test('iterating a stream has no back-pressure: our slow reader holds a bounded number of bytes', async () => {
    const [a, b, , rawB] = await framePair()
    let sent = 0
    const sending = (async () => {
      for (; sent < 64; sent++) await a.send(new Uint8Array(MIB))
    })()
    sending.catch(() => undefined)
    await b.receive()
    await steady(() => sent)
    expect(sent * MIB).toBeLessThan(2 * MAX_WINDOW_BYTES + 4 * MIB)
    expect(rawB.readBufferLength).toBeLessThanOrEqual(MAX_WINDOW_BYTES)
    a.reset(new Error('seen enough'))
    await expect(sending).rejects.toMatchObject({ code: 'closed' })
  })

  test('pausing aborts a stream whose window exceeds its read buffer: a long pause loses nothing', async () => {
    expect(MAX_WINDOW_BYTES).toBeLessThan(READ_BUFFER_BYTES)
    const [a, b, , rawB] = await framePair()
    let sent = 0
    const sending = (async () => {
      for (; sent < 48; sent++) await a.send(new Uint8Array(MIB).fill(sent))
      await a.closeWrite()
    })()
    for (let i = 0; i < 48; i++) {
      // Let the window fill again and again: each time the stream pauses and is resumed.
      if (i % 12 === 0) await steady(() => sent)
      const frame = await b.receive()
      expect([frame?.byteLength, frame?.get(0), frame?.get(MIB - 1)]).toEqual([MIB, i, i])
      expect(rawB.status).toBe('open')
    }
    await sending
    expect(await b.receive()).toBeNull()
  })

  test('a pause inside a message that resume fired opens the window: we pause after resume', async () => {
    const [a, b] = await rawPair()
    const calls: string[] = []
    let insideResume = false
    const [pause, resume] = [b.pause.bind(b), b.resume.bind(b)]
    b.pause = () => {
      calls.push(insideResume ? 'pause inside resume' : 'pause')
      pause()
    }
    b.resume = () => {
      calls.push('resume')
      insideResume = true
      resume()
      insideResume = false
    }
    const reader = new Libp2pFrameStream(b, 'a', MIB)
    const writer = new Libp2pFrameStream(a, 'b', MIB)
    const sending = (async () => {
      for (let i = 0; i < 16; i++) await writer.send(new Uint8Array(MIB))
      await writer.closeWrite()
    })()
    await steady(() => calls.length)
    while ((await reader.receive()) !== null);
    await sending
    expect(calls.includes('pause') && calls.includes('resume')).toBe(true)
    expect(calls).not.toContain('pause inside resume')
  })

  test('byteStream holds 4 MiB at most: a frame of 12 MiB passes', async () => {
    const [a, b] = await framePair(12 * MIB)
    const sending = a.send(new Uint8Array(12 * MIB))
    expect((await b.receive())?.byteLength).toBe(12 * MIB)
    await sending
  })

  test('both ends begin with the same window: 1 MiB sent at once leaves the connection open', async () => {
    const [a, b, rawA] = await framePair()
    const sending = Promise.all([a.send(new Uint8Array(MIB)), a.send(new Uint8Array(MIB))])
    expect((await b.receive())?.byteLength).toBe(MIB)
    expect((await b.receive())?.byteLength).toBe(MIB)
    await sending
    expect(rawA.status).toBe('open')
  })

  test('the end can be announced while bytes are buffered: all frames come before it', async () => {
    const [a, b] = await rawPair()
    const writer = new Libp2pFrameStream(a, 'b', MIB)
    for (let i = 0; i < 3; i++) await writer.send(new Uint8Array(1000).fill(i))
    await writer.closeWrite()
    await until(() => b.remoteWriteStatus === 'closed')
    expect(b.readBufferLength).toBeGreaterThan(0)
    const reader = new Libp2pFrameStream(b, 'a', MIB)
    for (let i = 0; i < 3; i++) expect((await reader.receive())?.get(0)).toBe(i)
    expect(await reader.receive()).toBeNull()
  })

  test('an end inside a frame is an error, not an end', async () => {
    const [a, b] = await rawPair()
    const reader = new Libp2pFrameStream(b, 'a', MIB)
    a.send(Uint8Array.of(5, 1, 2))
    await a.close()
    await expect(reader.receive()).rejects.toMatchObject({ code: 'malformed' })
  })

  test('libp2p refuses the sixth connection per second of one address: forty at once all get in', async () => {
    const [center, ...others] = await Promise.all(Array.from({ length: 41 }, () => host()))
    const address = center?.addresses()[0] ?? ''
    await Promise.all(others.map(other => other.connect(address)))
    expect(center?.peers().length).toBe(40)
  })

  test('a reset under a TLS socket ends the process: thirty strangers refused after their handshake do no harm', async () => {
    const [a, b] = [await host(), await host(() => false)]
    for (let i = 0; i < 30; i++) {
      await expect(a.connect(b.addresses()[0] ?? '')).rejects.toMatchObject({ code: 'unreachable' })
    }
    expect(b.peers()).toEqual([])
  })

  test('aborting connections in the middle of transfers crashes nothing and leaves no connection', async () => {
    const [a, b] = [await host(), await host()]
    await b.serve(PROTOCOL, { maxFrameBytes: MIB }, async stream => {
      const flood = (async () => {
        for (;;) await stream.send(new Uint8Array(MIB))
      })()
      await Promise.allSettled([flood, drain(stream)])
    })
    for (let i = 0; i < 24; i++) {
      await a.connect(b.addresses()[0] ?? '')
      const stream = await a.open(b.peerId, PROTOCOL, { maxFrameBytes: MIB })
      const flood = (async () => {
        for (;;) await stream.send(new Uint8Array(MIB))
      })()
      const both = Promise.allSettled([flood, drain(stream)])
      await new Promise(resolve => setTimeout(resolve, i))
      await (i % 2 === 0 ? a.disconnect(b.peerId) : b.disconnect(a.peerId))
      await both
      await until(() => a.peers().length === 0 && b.peers().length === 0)
    }
    expect([a.peers(), b.peers()]).toEqual([[], []])
  })
})

async function drain(stream: FrameStream): Promise<void> {
  while ((await stream.receive()) !== null);
}
