import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { messageOf } from '#node/kit'
import { HostError } from './errors.ts'
import { EMPTY_FRAME, encodeFrame, FrameDecoder } from './frames.ts'
import { lend } from './loans.ts'
import { Turnstile } from './turnstile.ts'
import type { CallOptions, FrameStream, PeerId, QuickAnswer, SendOptions } from './types.ts'
import { YamuxStream } from './yamux/stream.ts'

/** `send` asks its caller to wait while more than this is queued here. */
const SEND_QUEUE_BYTES = 256 * 1024
/** One hand-over to libp2p, whose own write buffer therefore never holds much more. */
const SEND_SLICE_BYTES = 256 * 1024
/** Small frames are gathered until the current turn of the event loop ends, unless this much has come together. */
const GATHER_BYTES = 64 * 1024
/** With a whole frame waiting and this much held, the window is closed. */
const PAUSE_ABOVE_BYTES = 512 * 1024

/**
 * Frames over a libp2p stream, around the traps of js-libp2p 3: it waits for the `drain` event (`onDrain()` works
 * once), never iterates the stream (no back-pressure), and never pauses inside a `message` that `resume()` fired
 * (that would open the window again).
 */
export class Libp2pFrameStream implements FrameStream {
  readonly peer: PeerId
  readonly #stream: Stream
  readonly #closed = new AbortController()
  readonly #decoder: FrameDecoder
  readonly #reader = new Turnstile()
  readonly #writer = new Turnstile()
  readonly #outgoing = new Uint8ArrayList()
  #quickAnswer: QuickAnswer | null = null
  #reading = false
  #resuming = false
  #paused = false
  #remoteFinished = false
  #ended = false
  #pumpScheduled = false
  #writeClosed = false
  #resetReason: Error | undefined
  #failure: HostError | undefined

  constructor(stream: Stream, peer: PeerId, maxFrameBytes: number) {
    this.peer = peer
    this.#stream = stream
    this.#decoder = new FrameDecoder(maxFrameBytes)
    stream.addEventListener('remoteCloseWrite', () => this.#onRemoteFinished())
    stream.addEventListener('end', () => this.#onEnd())
    stream.addEventListener('drain', () => queueMicrotask(() => this.#pump()))
    stream.addEventListener('close', event => this.#onClose(event))
    stream.addEventListener('message', event => this.#onBytes(event.data))
    if (stream instanceof YamuxStream) stream.onBytes = bytes => this.#onBytes(bytes)
    if (stream.remoteWriteStatus !== 'writable') this.#onRemoteFinished()
    if (stream.status !== 'open') this.#fail(new HostError('reset', `the stream to ${peer} was closed at once`))
  }

  get closed(): AbortSignal {
    return this.#closed.signal
  }

  async send(parts: Uint8Array | readonly Uint8Array[], options: SendOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#assertWritable()
    const last = parts instanceof Uint8Array ? parts : parts.at(-1)
    if (options.onSent !== undefined && last !== undefined) lend(last, options.onSent)
    this.#outgoing.append(encodeFrame(parts))
    if (this.#outgoing.byteLength >= GATHER_BYTES) this.#pump()
    else this.#schedulePump()
    while (this.#outgoing.byteLength > SEND_QUEUE_BYTES) {
      if (this.#failure) throw this.#failure
      await this.#writer.wait(options.signal)
    }
    if (this.#failure) throw this.#failure
  }

  async receive(options: CallOptions = {}): Promise<Uint8ArrayList | null> {
    options.signal?.throwIfAborted()
    if (this.#reading) throw new HostError('closed', 'two readers wait for frames of one stream')
    this.#reading = true
    try {
      for (;;) {
        const frame = this.#decoder.next()
        if (frame !== null) {
          this.#maybeResume()
          return frame
        }
        if (this.#failure) throw this.#failure
        if (this.#ended) return this.#finish()
        this.#maybeResume()
        if (this.#decoder.ready() || this.#failure || this.#ended) continue
        await this.#reader.wait(options.signal)
      }
    } catch (error) {
      if (error instanceof HostError && (error.code === 'malformed' || error.code === 'too-large')) this.reset(error)
      throw error
    } finally {
      this.#reading = false
    }
  }

  answerAtOnce(answer: QuickAnswer): void {
    this.#quickAnswer = answer
  }

  async closeWrite(): Promise<void> {
    if (this.#writeClosed || this.#failure) return
    this.#writeClosed = true
    this.#pump()
    while (this.#outgoing.byteLength > 0) {
      if (this.#failure) throw this.#failure
      await this.#writer.wait()
    }
    try {
      await this.#stream.close()
    } catch (error) {
      throw this.#failure ?? new HostError('reset', `the stream to ${this.peer} was lost: ${messageOf(error)}`)
    }
  }

  reset(reason: Error): void {
    if (this.#closed.signal.aborted) return
    this.#resetReason = reason
    this.#stream.abort(reason)
    this.#fail(asClosed(reason))
  }

  #assertWritable(): void {
    if (this.#failure) throw this.#failure
    if (this.#writeClosed) throw new HostError('closed', `writing to ${this.peer} is finished`)
  }

  #schedulePump(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    process.nextTick(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#outgoing.byteLength > 0 && !this.#stream.writableNeedsDrain && !this.#failure) {
      const size = Math.min(SEND_SLICE_BYTES, this.#outgoing.byteLength)
      const slice = this.#outgoing.sublist(0, size)
      this.#outgoing.consume(size)
      if (!this.#hand(slice)) break
    }
    if (this.#outgoing.byteLength <= SEND_QUEUE_BYTES) this.#writer.release()
  }

  /** False when the stream wants no more for now. */
  #hand(bytes: Uint8Array | Uint8ArrayList): boolean {
    try {
      return this.#stream.send(bytes)
    } catch (error) {
      this.#fail(new HostError('reset', `the stream to ${this.peer} was lost: ${messageOf(error)}`, { cause: error }))
      return false
    }
  }

  /** False when they go the usual way. */
  #isAnsweredAtOnce(bytes: Uint8Array | Uint8ArrayList): boolean {
    if (this.#quickAnswer === null || !this.#reader.isWaitedAt || this.#writeClosed) return false
    if (this.#outgoing.byteLength > 0 || this.#stream.writableNeedsDrain) return false
    const frame = this.#decoder.smallFrame(bytes)
    const answer = frame === null ? null : this.#quickAnswer(frame)
    if (answer === null) return false
    this.#hand(answer.byteLength === 0 ? EMPTY_FRAME : encodeFrame(answer))
    return true
  }

  #onBytes(bytes: Uint8Array | Uint8ArrayList): void {
    if (this.#isAnsweredAtOnce(bytes)) return
    this.#decoder.push(bytes)
    // Not every `end` event comes: one that fired during protocol negotiation is not repeated.
    if (this.#remoteFinished && this.#stream.readBufferLength === 0) this.#onEnd()
    try {
      if (!this.#decoder.ready()) return
    } catch (error) {
      this.reset(error as HostError)
      return
    }
    this.#reader.release()
    if (this.#decoder.heldBytes > PAUSE_ABOVE_BYTES) this.#pause()
  }

  #pause(): void {
    this.#paused = true
    if (!this.#resuming) this.#closeWindow()
  }

  #maybeResume(): void {
    if (!this.#paused || this.#resuming) return
    if (this.#decoder.heldBytes > PAUSE_ABOVE_BYTES && this.#decoder.ready()) return
    this.#paused = false
    if (this.#stream.readStatus !== 'paused') return
    this.#resuming = true
    try {
      this.#stream.resume()
    } catch {
      // The buffered bytes have been dispatched; only the window update of a stream that is gone can fail.
    } finally {
      this.#resuming = false
    }
    if (this.#paused) this.#closeWindow()
  }

  #closeWindow(): void {
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #onRemoteFinished(): void {
    this.#remoteFinished = true
    if (this.#stream.readBufferLength === 0) this.#onEnd()
  }

  #onEnd(): void {
    if (!this.#remoteFinished || this.#ended) return
    this.#ended = true
    this.#reader.release()
  }

  #finish(): null {
    if (!this.#decoder.insideFrame) return null
    throw new HostError('malformed', `${this.peer} ended the stream inside a frame`)
  }

  #onClose(event: StreamCloseEvent): void {
    if (event.error === undefined && this.#remoteFinished && this.#outgoing.byteLength === 0) {
      this.#writeClosed = true
      this.#closed.abort(new HostError('closed', `the stream to ${this.peer} is finished`))
      this.#writer.release()
      this.#reader.release()
      return
    }
    const cause = event.error === undefined ? 'the connection closed' : event.error.message
    if (this.#resetReason === undefined && event.error instanceof HostError) this.#resetReason = event.error
    this.#fail(
      this.#resetReason === undefined
        ? new HostError('reset', `the stream to ${this.peer} was reset: ${cause}`, { cause: event.error })
        : asClosed(this.#resetReason),
    )
  }

  #fail(failure: HostError): void {
    if (this.#failure) return
    this.#failure = failure
    this.#outgoing.consume(this.#outgoing.byteLength)
    if (failure.code !== 'reset') this.#decoder.clear()
    this.#reader.release()
    this.#writer.release()
    this.#closed.abort(failure)
  }
}

function asClosed(reason: Error): HostError {
  return reason instanceof HostError ? reason : new HostError('closed', reason.message, { cause: reason })
}
