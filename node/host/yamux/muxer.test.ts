import type { MessageStream, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux as stock } from '@libp2p/yamux'
import { describe, expect, test } from 'vitest'
import { until } from '../compliance/host.compliance.ts'
import { FLAG, HEADER_BYTES, type Header, readHeader, TYPE, writeHeader } from './frames.ts'
import { YamuxMuxer } from './muxer.ts'
import type { YamuxStream } from './stream.ts'

const KIB = 1024
const WINDOW = 256 * KIB
const OPTIONS = {
  maxEarlyStreams: 128,
  windows: {
    initialBytes: WINDOW,
    maxBytes: 4 * WINDOW,
    maxReadBufferBytes: 8 * WINDOW,
    maxWriteBufferBytes: 64 * WINDOW,
  },
}

type Kind = 'ours' | 'stock'

function muxerOf(kind: Kind, connection: MessageStream): StreamMuxer {
  return kind === 'ours' ? new YamuxMuxer(connection, OPTIONS) : stock()().createStreamMuxer(connection)
}

/** A stream from the first to the second. */
async function opened(from: Kind, to: Kind): Promise<[Stream, Stream, StreamMuxer, StreamMuxer]> {
  const [outbound, inbound] = multiaddrConnectionPair()
  const [dialler, listener] = [muxerOf(from, outbound), muxerOf(to, inbound)]
  const arrived = Promise.withResolvers<Stream>()
  listener.addEventListener('stream', event => arrived.resolve(event.detail))
  const stream = await dialler.createStream()
  return [stream, await arrived.promise, dialler, listener]
}

function collected(stream: Stream): { bytes: number; sum: number; hasEnded: boolean } {
  const seen = { bytes: 0, sum: 0, hasEnded: false }
  stream.addEventListener('message', ({ data }) => {
    seen.bytes += data.byteLength
    for (const byte of data.subarray()) seen.sum = (seen.sum * 31 + byte) % 1_000_003
  })
  stream.addEventListener('end', () => {
    seen.hasEnded = true
  })
  return seen
}

async function sendAll(stream: Stream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += 50_000) {
    if (!stream.send(bytes.subarray(at, at + 50_000))) await until(() => !stream.writableNeedsDrain)
  }
  await stream.close()
}

describe.each<[Kind, Kind]>([
  ['ours', 'ours'],
  ['ours', 'stock'],
  ['stock', 'ours'],
])('%s dials %s:', (from, to) => {
  test('more than a window goes both ways, in order, to its end', async () => {
    const [a, b] = await opened(from, to)
    const bytes = Uint8Array.from({ length: 3 * WINDOW + 7 }, (_, at) => (at * 7919) >>> 8)
    const [atA, atB] = [collected(a), collected(b)]
    await Promise.all([sendAll(a, bytes), sendAll(b, bytes)])
    await until(() => atA.hasEnded && atB.hasEnded)
    expect(atA.bytes).toBe(bytes.byteLength)
    expect(atB).toEqual(atA)
    await until(() => a.status === 'closed' && b.status === 'closed')
  })

  test('nothing more than a window is sent to who has paused, and all of it arrives afterwards', async () => {
    const [a, b] = await opened(from, to)
    const seen = collected(b)
    b.pause()
    expect(a.send(new Uint8Array(2 * WINDOW))).toBe(false)
    await until(() => b.readBufferLength === WINDOW)
    expect([a.writeBufferLength, seen.bytes]).toEqual([WINDOW, 0])
    b.resume()
    await until(() => seen.bytes === 2 * WINDOW)
    expect(a.writeBufferLength).toBe(0)
  })

  test('a reset ends the stream on both sides, and no other', async () => {
    const [a, b, dialler] = await opened(from, to)
    const other = await dialler.createStream()
    b.abort(new Error('enough'))
    await until(() => a.status === 'reset')
    expect(other.status).toBe('open')
    expect(dialler.streams).toEqual([other])
    expect(() => a.send(new Uint8Array(1))).toThrow()
  })

  test('closing the muxer closes the other one', async () => {
    const [, , dialler, listener] = await opened(from, to)
    dialler.abort(new Error('enough'))
    await until(() => listener.status === 'closed')
    expect([dialler.streams, listener.streams]).toEqual([[], []])
    await expect(listener.createStream()).rejects.toThrow()
  })
})

test('a question is answered, and tells how long the way is', async () => {
  const [, , dialler, listener] = await opened('ours', 'ours')
  if (!(dialler instanceof YamuxMuxer) || !(listener instanceof YamuxMuxer)) throw new Error('not ours')
  const before = listener.received
  dialler.ask()
  await until(() => dialler.rttMs !== null)
  expect(listener.received).toBe(before + 1)
})

test('who waits for a first word hears it, the end of the connection, or the end of its patience', async () => {
  const patience = new AbortController()
  const { signal } = patience
  const [outbound, inbound] = multiaddrConnectionPair()
  const ours = new YamuxMuxer(outbound, OPTIONS)
  const waiting = [ours.answered({ signal }), ours.answered({ signal })]
  new YamuxMuxer(inbound, OPTIONS)
  await Promise.all(waiting)
  await ours.answered({ signal })
  expect(ours.received).toBe(1)

  const [alone, refusing] = multiaddrConnectionPair()
  const refused = new YamuxMuxer(alone, OPTIONS).answered({ signal })
  refusing.abort(new Error('a stranger'))
  await expect(refused).rejects.toThrow('without an answer')

  const [silent] = multiaddrConnectionPair()
  const unheard = new YamuxMuxer(silent, OPTIONS).answered({ signal })
  patience.abort(new Error('enough'))
  await expect(unheard).rejects.toThrow('enough')
})

test('small messages are not each followed by a window update', async () => {
  const [a, b, dialler] = await opened('ours', 'ours')
  if (!(dialler instanceof YamuxMuxer)) throw new Error('not ours')
  const seen = collected(b)
  const before = dialler.received
  for (let at = 0; at < 100; at++) a.send(new Uint8Array(10))
  await until(() => seen.bytes === 1_000)
  expect(dialler.received).toBe(before)
})

/** Our side of a connection whose other end says what it likes. */
function attacked() {
  const [outside, inside] = multiaddrConnectionPair()
  const heard: Header[] = []
  outside.addEventListener('message', ({ data }) => {
    const bytes = data.subarray()
    for (let at = 0; at + HEADER_BYTES <= bytes.byteLength; at += HEADER_BYTES) heard.push(readHeader(bytes, at))
  })
  const muxer = new YamuxMuxer(inside, OPTIONS)
  const streams: YamuxStream[] = []
  muxer.addEventListener('stream', event => streams.push(event.detail))
  const say = (header: Partial<Header>, data = new Uint8Array()): void => {
    const frame = new Uint8Array(HEADER_BYTES + data.byteLength)
    writeHeader(frame, { type: TYPE.data, flags: 0, stream: 1, length: data.byteLength, ...header })
    frame.set(data, HEADER_BYTES)
    outside.send(frame)
  }
  return { outside, inside, muxer, streams, heard, say }
}

describe('the connection ends when the other side', () => {
  test.each<[string, Partial<Header>[], number]>([
    ['speaks of a stream with a type that there is not', [{ type: 9 }], 0],
    ['sends data on the connection itself', [{ stream: 0 }], 0],
    ['pings with flags that mean nothing', [{ type: TYPE.ping, stream: 0, flags: FLAG.fin, length: 1 }], 0],
    ['opens a stream with a number of ours', [{ flags: FLAG.syn, stream: 2 }], 0],
    ['overruns a window', [{ flags: FLAG.syn }, {}], WINDOW],
  ])('%s', async (_, headers, bytes) => {
    const { inside, muxer, say } = attacked()
    for (const header of headers) say(header, new Uint8Array(header.flags === FLAG.syn ? Math.min(bytes, 1) : bytes))
    await until(() => muxer.status === 'closed')
    expect(inside.status).toBe('aborted')
  })

  test('says garbage', async () => {
    const { outside, muxer } = attacked()
    outside.send(new Uint8Array(100).fill(0x47))
    await until(() => muxer.status === 'closed')
  })
})

describe('the connection stands when the other side', () => {
  test('speaks of streams that are no more, or never were', async () => {
    const { muxer, streams, say } = attacked()
    say({ flags: FLAG.syn })
    await until(() => streams.length === 1)
    streams[0]?.abort(new Error('enough'))
    say({ stream: 1 }, new Uint8Array(1000))
    say({ stream: 77 }, new Uint8Array(1000))
    say({ type: TYPE.windowUpdate, stream: 79, flags: FLAG.reset })
    say({ flags: FLAG.syn, stream: 3 })
    await until(() => streams.length === 2)
    expect(muxer.status).toBe('open')
  })

  test('opens more streams than it may: those beyond are reset', async () => {
    const { muxer, streams, heard, say } = attacked()
    for (let at = 0; at < 1_010; at++) say({ type: TYPE.windowUpdate, flags: FLAG.syn, stream: 1 + 2 * at })
    await until(() => heard.filter(({ flags }) => flags === FLAG.reset).length === 10)
    expect([streams.length, muxer.status]).toEqual([1_000, 'open'])
  })

  test('answers pings that nobody sent, or grants windows without end', async () => {
    const { muxer, streams, say } = attacked()
    say({ type: TYPE.ping, stream: 0, flags: FLAG.ack, length: 7 })
    say({ flags: FLAG.syn })
    for (let at = 0; at < 10; at++) say({ type: TYPE.windowUpdate, length: 0xffffffff })
    say({ flags: FLAG.syn, stream: 3 })
    await until(() => streams.length === 2)
    expect([muxer.rttMs, muxer.status]).toEqual([null, 'open'])
  })

  test('sends its last data and the end in one frame: the data come first', async () => {
    const { streams, say } = attacked()
    say({ flags: FLAG.syn })
    await until(() => streams.length === 1)
    const [stream] = streams
    const seen = stream === undefined ? null : collected(stream)
    say({ flags: FLAG.fin }, new Uint8Array(5))
    await until(() => seen?.hasEnded === true)
    expect(seen?.bytes).toBe(5)
  })
})
