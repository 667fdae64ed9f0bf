import { type MessageStreamDirection, StreamMessageEvent } from '@libp2p/interface'
import { AbstractStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import { FLAG, TYPE, YamuxError } from './frames.ts'
import type { YamuxMuxer } from './muxer.ts'

export interface Windows {
  readonly initialBytes: number
  readonly maxBytes: number
  readonly maxReadBufferBytes: number
  readonly maxWriteBufferBytes: number
}

/** A window that was used up within so many round trips is too small. */
const ROUND_TRIPS = 4

/**
 * One stream. What is quick here is what is done for each message: nothing is queued, and no event is made, while there is room to send
 * and somebody who listens. All else is the base class's.
 *
 * The receiving window is given back when half of it is used: an update for each message would be a frame of its own there and back.
 */
export class YamuxStream extends AbstractStream {
  readonly streamId: number
  /** Takes what arrives in place of listeners to `message`, which still get what was held back by a pause or before there was anybody. */
  onBytes: ((bytes: Uint8Array | Uint8ArrayList) => void) | undefined
  readonly #muxer: YamuxMuxer
  readonly #maxWindowBytes: number
  /** SYN or ACK, until it has gone with the first frame. */
  #greeting: number
  #sendWindow: number
  #receiveWindow: number
  /** Of the receiving window, what the other side may still send. */
  #receiveLeft: number
  #updatedAt = performance.now()

  constructor(muxer: YamuxMuxer, init: { id: number; direction: MessageStreamDirection; windows: Windows }) {
    const { id, direction, windows } = init
    super({
      id: `${id}`,
      direction,
      log: muxer.logger,
      maxReadBufferLength: windows.maxReadBufferBytes,
      maxWriteBufferLength: windows.maxWriteBufferBytes,
    })
    this.streamId = id
    this.#muxer = muxer
    this.#maxWindowBytes = windows.maxBytes
    this.#greeting = direction === 'outbound' ? FLAG.syn : FLAG.ack
    this.#sendWindow = windows.initialBytes
    this.#receiveWindow = windows.initialBytes
    this.#receiveLeft = windows.initialBytes
  }

  /** Tells the other side that there is such a stream. */
  announce(): void {
    if (this.status === 'open' && this.#greeting !== 0) this.#update(0)
  }

  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const isBehind = this.sendingData || this.writableNeedsDrain || this.writeBuffer.byteLength > 0
    if (isBehind || this.writeStatus !== 'writable' || data.byteLength === 0 || data.byteLength > this.#sendWindow) {
      return super.send(data)
    }
    try {
      return this.#sendNow(data)
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    let sentBytes = 0
    while (data.byteLength > 0) {
      if (this.#sendWindow === 0) return { sentBytes, canSendMore: false }
      const length = Math.min(this.#sendWindow, data.byteLength)
      const piece = data.sublist(0, length)
      data.consume(length)
      sentBytes += length
      if (!this.#sendNow(piece)) return { sentBytes, canSendMore: false }
    }
    return { sentBytes, canSendMore: true }
  }

  sendReset(): void {
    this.#muxer.sendControl({ type: TYPE.windowUpdate, flags: FLAG.reset, stream: this.streamId, length: 0 })
  }

  async sendCloseWrite(): Promise<void> {
    const flags = this.#greet() | FLAG.fin
    this.#muxer.sendControl({ type: TYPE.windowUpdate, flags, stream: this.streamId, length: 0 })
  }

  /** Yamux has no such message. */
  async sendCloseRead(): Promise<void> {}

  /** The window is not given back meanwhile: `readStatus` says so. */
  sendPause(): void {}

  sendResume(): void {
    this.#giveBack()
  }

  /** @throws YamuxError when the other side sends more than it may */
  receiveData(flags: number, data: Uint8Array | Uint8ArrayList): void {
    if (data.byteLength > this.#receiveLeft) throw new YamuxError(`stream ${this.streamId} has overrun its window`)
    this.#receiveLeft -= data.byteLength
    this.onData(data)
    const isUsed = this.#receiveLeft <= this.#receiveWindow / 2
    if (isUsed && this.status === 'open' && this.readStatus !== 'paused') this.#giveBack()
    this.#obey(flags)
  }

  receiveWindow(flags: number, bytes: number): void {
    this.#sendWindow += bytes
    this.#obey(flags)
    if (bytes > 0 && this.writeBuffer.byteLength > 0 && this.status === 'open') this.safeDispatchEvent('drain')
  }

  override onData(data: Uint8Array | Uint8ArrayList): void {
    if (this.readStatus !== 'readable' || this.readBuffer.byteLength > 0 || data.byteLength === 0) super.onData(data)
    else if (this.onBytes !== undefined) this.onBytes(data)
    else if (this.listenerCount('message') > 0) this.dispatchEvent(new StreamMessageEvent(data))
    else super.onData(data)
  }

  #sendNow(data: Uint8Array | Uint8ArrayList): boolean {
    this.#sendWindow -= data.byteLength
    return this.#muxer.sendData(this.streamId, this.#greet(), data)
  }

  #greet(): number {
    const flags = this.#greeting
    this.#greeting = 0
    return flags
  }

  #obey(flags: number): void {
    if ((flags & FLAG.fin) !== 0) this.onRemoteCloseWrite()
    if ((flags & FLAG.reset) !== 0) this.onRemoteReset()
  }

  /** As much as makes it full again, or larger when it was too small for the way there and back. */
  #giveBack(): void {
    const now = performance.now()
    const { rttMs } = this.#muxer
    if (rttMs === null) this.#muxer.measure()
    // As long as nobody knows how far it is, it may be far.
    if (rttMs === null || now - this.#updatedAt <= rttMs * ROUND_TRIPS) {
      this.#receiveWindow = Math.min(this.#receiveWindow * 2, this.#maxWindowBytes)
    }
    this.#updatedAt = now
    this.#update(this.#receiveWindow - this.#receiveLeft)
  }

  #update(bytes: number): void {
    if (bytes === 0 && this.#greeting === 0) return
    this.#receiveLeft += bytes
    const flags = this.#greet()
    this.#muxer.sendControl({ type: TYPE.windowUpdate, flags, stream: this.streamId, length: bytes })
  }
}
