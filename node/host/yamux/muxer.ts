/**
 * Yamux (`/yamux/1.0.0`), the same on the wire as any other.
 *
 * libp2p's own makes a tower of queues, lists and events for each message, and answers each with a window update: a third of what a
 * check-in without news cost a server. Here a frame goes from the socket's bytes to its stream, and back, by calls. What is rare (opening,
 * closing, resets, saturation, pauses) is libp2p's base classes', with their behaviour.
 */
import {
  type Logger,
  type MessageStream,
  MuxerClosedError,
  type StreamMuxerFactory,
  serviceCapabilities,
  TooManyOutboundProtocolStreamsError,
} from '@libp2p/interface'
import { AbstractStreamMuxer } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { isLent } from '../loans.ts'
import { FrameCutter } from './decoder.ts'
import { FLAG, GO_AWAY, HEADER_BYTES, type Header, TYPE, writeHeader, YamuxError } from './frames.ts'
import { type Windows, YamuxStream } from './stream.ts'

export const YAMUX_PROTOCOL = '/yamux/1.0.0'

export interface YamuxOptions {
  readonly windows: Windows
  /** Streams that came before libp2p was ready for them. */
  readonly maxEarlyStreams: number
}

/** Copying so much costs less than a list of pieces. */
const COPIED_BYTES = 1024
/** Of one connection, in each direction. */
const MAX_STREAMS = 1_000

export function yamux(options: YamuxOptions): () => StreamMuxerFactory<YamuxMuxer> {
  return () =>
    ({
      protocol: YAMUX_PROTOCOL,
      [serviceCapabilities]: ['@libp2p/stream-multiplexing'],
      createStreamMuxer: connection => new YamuxMuxer(connection, options),
    }) as StreamMuxerFactory<YamuxMuxer>
}

/** A connection that hands over what it reads without an event for each piece. */
interface DirectConnection {
  onBytes: ((bytes: Uint8Array) => void) | undefined
}

export class YamuxMuxer extends AbstractStreamMuxer<YamuxStream> {
  /** Round trip, once it was asked for and measured. */
  rttMs: number | null = null
  /** Frames of any kind: while it grows, the other side lives. */
  received = 0
  readonly #windows: Windows
  readonly #isDialler: boolean
  readonly #byId = new Map<number, YamuxStream>()
  readonly #cutter: FrameCutter
  #nextStream: number
  #outbound = 0
  #ping: { readonly id: number; readonly sentAt: number } | null = null
  #nextPing = 0
  /** Who waits for the first frame. */
  readonly #listening = new Set<() => void>()
  #isGoing = false
  #isOtherGoing = false

  constructor(connection: MessageStream, options: YamuxOptions) {
    super(connection, { protocol: YAMUX_PROTOCOL, name: 'yamux', maxEarlyStreams: options.maxEarlyStreams })
    this.#windows = options.windows
    this.#isDialler = connection.direction === 'outbound'
    this.#nextStream = this.#isDialler ? 1 : 2
    this.#cutter = new FrameCutter(options.windows.maxBytes, (header, data) => this.#onFrame(header, data))
    if ('onBytes' in connection) {
      const direct = connection as MessageStream & DirectConnection
      direct.onBytes = bytes => {
        try {
          this.#cutter.push(bytes)
        } catch (error) {
          const reason = error instanceof Error ? error : new YamuxError(String(error))
          this.abort(reason)
          connection.abort(reason)
        }
      }
    }
  }

  get logger(): Logger {
    return this.log
  }

  onData(bytes: Uint8Array | Uint8ArrayList): void {
    this.#cutter.push(bytes)
  }

  onCreateStream(): YamuxStream {
    if (this.#isOtherGoing || this.#isGoing) throw new MuxerClosedError('the connection is about to end')
    if (this.#outbound >= MAX_STREAMS) throw new TooManyOutboundProtocolStreamsError('too many streams are open')
    const stream = this.#add(this.#nextStream, 'outbound')
    this.#nextStream += 2
    // Not before the base class knows the stream, or the answer might be there first.
    queueMicrotask(() => stream.announce())
    return stream
  }

  /** Asks for a sign of life, which also tells how long the way is. */
  measure(): void {
    if (this.#ping !== null || this.#isGoing || this.status !== 'open') return
    this.#ping = { id: this.#nextPing++ >>> 0, sentAt: performance.now() }
    this.sendControl({ type: TYPE.ping, flags: FLAG.syn, stream: 0, length: this.#ping.id })
  }

  /** Asks again also when an earlier question was not answered. @throws Error when nothing can be sent */
  ask(): void {
    this.#ping = null
    this.measure()
  }

  /** Resolves when the other side has said anything, asked for it if need be. @throws Error when the connection ends before, or the signal fires */
  answered({ signal }: { signal: AbortSignal }): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.received > 0) return Promise.resolve()
    const onAbort = (): void => reject(signal.reason)
    const onClose = (): void => reject(new MuxerClosedError('the connection was closed without an answer'))
    signal.addEventListener('abort', onAbort, { once: true })
    this.maConn.addEventListener('close', onClose, { once: true })
    this.#listening.add(resolve)
    if (signal.aborted) onAbort()
    else if (this.status === 'open') this.measure()
    else onClose()
    return promise.finally(() => {
      this.#listening.delete(resolve)
      signal.removeEventListener('abort', onAbort)
      this.maConn.removeEventListener('close', onClose)
    })
  }

  /** False when the connection wants no more for now. @throws Error when it is closed */
  sendData(stream: number, flags: number, data: Uint8Array | Uint8ArrayList): boolean {
    const length = data.byteLength
    const header = { type: TYPE.data, flags, stream, length }
    if (length > COPIED_BYTES || hasLoan(data)) {
      const first = new Uint8Array(HEADER_BYTES)
      writeHeader(first, header)
      return this.send(new Uint8ArrayList(first, data))
    }
    const frame = Buffer.allocUnsafe(HEADER_BYTES + length)
    writeHeader(frame, header)
    if (data instanceof Uint8Array) frame.set(data, HEADER_BYTES)
    else {
      let at = HEADER_BYTES
      for (const piece of data) {
        frame.set(piece, at)
        at += piece.byteLength
      }
    }
    return this.send(frame)
  }

  /** @throws Error when the connection is closed */
  sendControl(header: Header): void {
    const frame = Buffer.allocUnsafe(HEADER_BYTES)
    writeHeader(frame, header)
    this.send(frame)
  }

  override async close(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.status !== 'open') return
    await super.close(options)
    this.#goAway(GO_AWAY.normally)
  }

  override abort(error: Error): void {
    if (this.status !== 'open') return
    super.abort(error)
    this.#goAway(error instanceof YamuxError ? GO_AWAY.protocolError : GO_AWAY.internalError)
  }

  #onFrame(header: Header, data: Uint8Array | Uint8ArrayList): void {
    if (this.received++ === 0) for (const heard of this.#listening) heard()
    if (header.stream === 0) this.#onControl(header)
    else if (header.type === TYPE.data || header.type === TYPE.windowUpdate) this.#onStreamFrame(header, data)
    else throw new YamuxError(`a frame of type ${header.type} belongs to no stream`)
  }

  #onControl({ type, flags, length }: Header): void {
    if (type === TYPE.ping && flags === FLAG.syn) {
      this.sendControl({ type: TYPE.ping, flags: FLAG.ack, stream: 0, length })
    } else if (type === TYPE.ping && flags === FLAG.ack) {
      if (this.#ping?.id !== length) return
      this.rttMs = performance.now() - this.#ping.sentAt
      this.#ping = null
    } else if (type === TYPE.goAway) {
      this.#isOtherGoing = true
      if (length === GO_AWAY.normally) this.onTransportClosed()
      else this.abort(new Error('the other side ended the connection'))
    } else throw new YamuxError(`a frame of type ${type} with flags ${flags} means nothing`)
  }

  #onStreamFrame({ type, flags, stream: id, length }: Header, data: Uint8Array | Uint8ArrayList): void {
    if ((flags & FLAG.syn) !== 0) this.#onOpened(id)
    const stream = this.#byId.get(id)
    // What was on its way when the stream ended.
    if (stream === undefined) return
    if (type === TYPE.data) stream.receiveData(flags, data)
    else stream.receiveWindow(flags, length)
  }

  #onOpened(id: number): void {
    if (this.#isDialler !== (id % 2 === 0)) throw new YamuxError('both sides say that they have dialled')
    if (this.#byId.has(id)) return
    if (this.#isGoing || this.#byId.size - this.#outbound >= MAX_STREAMS) {
      this.sendControl({ type: TYPE.windowUpdate, flags: FLAG.reset, stream: id, length: 0 })
      return
    }
    this.onRemoteStream(this.#add(id, 'inbound'))
  }

  #add(id: number, direction: 'inbound' | 'outbound'): YamuxStream {
    const stream = new YamuxStream(this, { id, direction, windows: this.#windows })
    this.#byId.set(id, stream)
    if (direction === 'outbound') this.#outbound++
    const onClose = (): void => {
      if (!this.#byId.delete(id)) return
      if (direction === 'outbound') this.#outbound--
    }
    stream.addEventListener('close', onClose, { once: true })
    return stream
  }

  #goAway(reason: number): void {
    this.#isGoing = true
    try {
      this.sendControl({ type: TYPE.goAway, flags: 0, stream: 0, length: reason })
    } catch {
      // The connection is closed, and with it goes every stream.
    }
  }
}

function hasLoan(data: Uint8Array | Uint8ArrayList): boolean {
  if (data instanceof Uint8Array) return isLent(data)
  for (const piece of data) if (isLent(piece)) return true
  return false
}
