import type { TLSSocket } from 'node:tls'
import { type MessageStream, StreamMessageEvent } from '@libp2p/interface'
import { AbstractMessageStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { handedOver, isLent } from '../loans.ts'

/** Copying so much costs less than a record and a system call of its own. */
const SMALL_BYTES = 4 * 1024

/** What the muxer talks to: plain bytes in and out of a TLS socket; `connection` below it only carries the end. */
export class SecuredStream extends AbstractMessageStream {
  readonly #socket: TLSSocket
  readonly #connection: MessageStream
  /** Not written yet, and in all no more than `SMALL_BYTES`. */
  readonly #small: Uint8Array[] = []
  #smallBytes = 0

  constructor(connection: MessageStream, socket: TLSSocket) {
    super({
      log: connection.log,
      inactivityTimeout: connection.inactivityTimeout,
      maxReadBufferLength: connection.maxReadBufferLength,
      direction: connection.direction,
    })
    this.#socket = socket
    this.#connection = connection
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
    this.#flush()
    const closed = new Promise<void>(resolve => this.#connection.addEventListener('close', () => resolve()))
    this.#socket.destroySoon()
    await closed
  }

  /** As the base class, without its detour through the read buffer when somebody listens. */
  override onData(bytes: Uint8Array): void {
    if (this.readStatus !== 'readable' || this.readBuffer.byteLength > 0 || this.listenerCount('message') === 0) {
      super.onData(bytes)
    } else {
      this.dispatchEvent(new StreamMessageEvent(bytes))
    }
  }

  /**
   * One TLS write for everything that is there; `drain` says when there is room again. Small pieces wait until all that has arrived was
   * looked at: yamux answers every message with a window of its own first, and the true answer comes moments later.
   */
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength
    if (sentBytes <= SMALL_BYTES && this.#smallBytes + sentBytes <= SMALL_BYTES && !hasLoan(data)) this.#gather(data)
    else {
      this.#flush()
      this.#write(data)
    }
    return { sentBytes, canSendMore: !this.#socket.writableNeedDrain }
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

  #gather(data: Uint8ArrayList): void {
    if (this.#small.length === 0) setImmediate(() => this.#flush())
    for (const piece of data) this.#small.push(piece)
    this.#smallBytes += data.byteLength
  }

  #flush(): void {
    if (this.#small.length === 0) return
    const gathered = Buffer.concat(this.#small, this.#smallBytes)
    this.#small.length = 0
    this.#smallBytes = 0
    if (this.#socket.writable) this.#socket.write(gathered)
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
