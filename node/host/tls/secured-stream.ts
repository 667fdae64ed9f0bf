import type { TLSSocket } from 'node:tls'
import { type MessageStream, StreamMessageEvent } from '@libp2p/interface'
import { AbstractMessageStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { handedOver, isLent } from '../loans.ts'

/** What the muxer talks to: plain bytes in and out of a TLS socket; `connection` below it only carries the end. */
export class SecuredStream extends AbstractMessageStream {
  readonly #socket: TLSSocket
  readonly #connection: MessageStream

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

  /** One TLS write for everything that is there; `drain` says when there is room again. */
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength
    this.#socket.cork()
    for (const piece of data) {
      if (isLent(piece)) this.#socket.write(piece, error => !error && handedOver(piece))
      else this.#socket.write(piece)
    }
    this.#socket.uncork()
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

  #closeConnection(): void {
    this.#connection.close().catch((error: unknown) => {
      this.#connection.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }
}
