import type { TLSSocket } from 'node:tls'
import { type MessageStream, StreamMessageEvent } from '@libp2p/interface'
import { AbstractMessageStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { handedOver, isLent } from '../loans.ts'

/** Copying so much costs less than a record and a system call of its own. */
const SMALL_BYTES = 4 * 1024

/** Small pieces of all connections are written together, after everything that has arrived was looked at. */
export class WriteRounds {
  #waiting: SecuredStream[] = []

  add(stream: SecuredStream): void {
    if (this.#waiting.push(stream) === 1) setImmediate(() => this.#write())
  }

  #write(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const stream of waiting) stream.flush()
  }
}

/** What the muxer talks to: plain bytes in and out of a TLS socket; `connection` below it only carries the end. */
export class SecuredStream extends AbstractMessageStream {
  readonly #socket: TLSSocket
  readonly #connection: MessageStream
  readonly #rounds: WriteRounds
  /** Takes what arrives in place of listeners to `message`. */
  onBytes: ((bytes: Uint8Array) => void) | undefined
  /** Not written yet, and in all no more than `SMALL_BYTES`. */
  #small: Uint8Array[] = []
  #smallBytes = 0
  /** What has arrived is being looked at, and what was said meanwhile goes out right after. */
  #isReading = false

  constructor(connection: MessageStream, socket: TLSSocket, rounds: WriteRounds) {
    super({
      log: connection.log,
      inactivityTimeout: connection.inactivityTimeout,
      maxReadBufferLength: connection.maxReadBufferLength,
      direction: connection.direction,
    })
    this.#socket = socket
    this.#connection = connection
    this.#rounds = rounds
    const push = socket.push.bind(socket)
    socket.push = (bytes: Uint8Array | null, ...rest) => this.#takes(bytes) || push(bytes, ...rest)
    socket.on('data', (bytes: Uint8Array) => this.onData(bytes))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('error', error => connection.abort(error))
    socket.on('close', () => this.#closeConnection())
    connection.addEventListener('close', event => {
      socket.destroy()
      if (event.error === undefined) this.onTransportClosed()
      else if (event.local === true) this.abort(event.error)
      else this.onRemoteReset()
    })
    if (socket.closed) this.#closeConnection()
  }

  async close(): Promise<void> {
    if (this.#connection.status !== 'open') return
    this.flush()
    const closed = new Promise<void>(resolve => this.#connection.addEventListener('close', () => resolve()))
    this.#socket.destroySoon()
    await closed
  }

  /** As the base class, without its detour through the read buffer when somebody listens. */
  override onData(bytes: Uint8Array): void {
    if (this.readStatus !== 'readable' || this.readBuffer.byteLength > 0) super.onData(bytes)
    else if (this.onBytes !== undefined) this.#look(bytes, this.onBytes)
    else if (this.listenerCount('message') > 0) this.dispatchEvent(new StreamMessageEvent(bytes))
    else super.onData(bytes)
  }

  /** As the base class, without its queue for a small piece when nothing is queued. Such a piece must not be lent. */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const isBehind = this.sendingData || this.writableNeedsDrain || this.writeBuffer.byteLength > 0
    if (isBehind || this.writeStatus !== 'writable' || !(data instanceof Uint8Array)) return super.send(data)
    if (this.#smallBytes + data.byteLength > SMALL_BYTES) return super.send(data)
    this.#gather(data)
    this.writableNeedsDrain = this.#socket.writableNeedDrain
    return !this.writableNeedsDrain
  }

  /**
   * One TLS write for everything that is there; `drain` says when there is room again. Small pieces wait until all that has arrived was
   * looked at: yamux answers every message with a window of its own first, and the true answer comes moments later.
   */
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength
    if (this.#smallBytes + sentBytes <= SMALL_BYTES && !hasLoan(data)) for (const piece of data) this.#gather(piece)
    else {
      this.flush()
      this.#write(data)
    }
    return { sentBytes, canSendMore: !this.#socket.writableNeedDrain }
  }

  /** Writes what was gathered. */
  flush(): void {
    const [first, second] = this.#small
    if (first === undefined) return
    const gathered = second === undefined ? first : Buffer.concat(this.#small, this.#smallBytes)
    this.#small = []
    this.#smallBytes = 0
    if (this.#socket.writable) this.#socket.write(gathered)
  }

  sendReset(error: Error): void {
    this.#connection.abort(error)
    this.#socket.destroy()
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }

  /** What Node is about to queue for `data`, when there is no queue and nobody waits for it: that queue costs a turn of its own. */
  #takes(bytes: Uint8Array | null): boolean {
    const socket = this.#socket
    if (bytes === null || this.onBytes === undefined || socket.readableFlowing !== true) return false
    if (socket.readableLength > 0 || this.readBuffer.byteLength > 0 || this.readStatus !== 'readable') return false
    this.#look(bytes, this.onBytes)
    return true
  }

  #look(bytes: Uint8Array, onBytes: (bytes: Uint8Array) => void): void {
    this.#isReading = true
    try {
      onBytes(bytes)
    } finally {
      this.#isReading = false
      this.flush()
    }
  }

  #gather(piece: Uint8Array): void {
    if (this.#small.length === 0 && !this.#isReading) this.#rounds.add(this)
    this.#small.push(piece)
    this.#smallBytes += piece.byteLength
  }

  #write(data: Uint8ArrayList): void {
    this.#socket.cork()
    for (const piece of data) {
      if (isLent(piece)) this.#socket.write(piece, error => !error && handedOver(piece))
      else this.#socket.write(piece)
    }
    this.#socket.uncork()
  }

  #closeConnection(): void {
    this.#connection.close().catch((error: unknown) => {
      this.#connection.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }
}

function hasLoan(data: Uint8ArrayList): boolean {
  for (const piece of data) if (isLent(piece)) return true
  return false
}
