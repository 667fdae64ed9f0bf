import { Uint8ArrayList } from 'uint8arraylist'
import type { Clock } from '#node/kit'
import { HostError } from '../errors.ts'
import { Turnstile } from '../turnstile.ts'
import type { CallOptions, FrameStream, PeerId, QuickAnswer } from '../types.ts'

/** Bytes that one direction holds before its sender must wait. */
const WINDOW_BYTES = 1024 * 1024

/** Both ends of a stream in one process. Closing the link under it resets both. */
export function memoryStreams(
  ends: { peer: PeerId; maxFrameBytes: number }[],
  link: { clock: Clock; latencyMs: number },
): [MemoryStream, MemoryStream] {
  const [opener, server] = ends.map(end => new MemoryStream(end.peer, end.maxFrameBytes, link)) as [
    MemoryStream,
    MemoryStream,
  ]
  opener.join(server)
  server.join(opener)
  return [opener, server]
}

/** The `FrameStream` contract without bytes on a wire: frames are handed over by reference. */
export class MemoryStream implements FrameStream {
  readonly peer: PeerId
  readonly #maxFrameBytes: number
  readonly #link: { clock: Clock; latencyMs: number }
  readonly #closed = new AbortController()
  readonly #inbox: Uint8ArrayList[] = []
  readonly #reader = new Turnstile()
  readonly #room = new Turnstile()
  #quickAnswer: QuickAnswer | null = null
  #inboxBytes = 0
  #travelling: Promise<void> = Promise.resolve()
  #other!: MemoryStream
  #reading = false
  #ended = false
  #writeClosed = false
  #failure: HostError | undefined

  constructor(peer: PeerId, maxFrameBytes: number, link: { clock: Clock; latencyMs: number }) {
    this.peer = peer
    this.#maxFrameBytes = maxFrameBytes
    this.#link = link
  }

  join(other: MemoryStream): void {
    this.#other = other
  }

  get closed(): AbortSignal {
    return this.#closed.signal
  }

  async send(parts: Uint8Array | readonly Uint8Array[], options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (this.#failure) throw this.#failure
    if (this.#writeClosed) throw new HostError('closed', `writing to ${this.peer} is finished`)
    this.#post(new Uint8ArrayList(...(parts instanceof Uint8Array ? [parts] : parts)))
    while (this.#other.#inboxBytes > WINDOW_BYTES) {
      if (this.#failure) throw this.#failure
      await this.#room.wait(options.signal)
    }
    if (this.#failure) throw this.#failure
  }

  async receive(options: CallOptions = {}): Promise<Uint8ArrayList | null> {
    options.signal?.throwIfAborted()
    if (this.#reading) throw new HostError('closed', 'two readers wait for frames of one stream')
    this.#reading = true
    try {
      for (;;) {
        const frame = this.#inbox.shift()
        if (frame !== undefined) {
          this.#inboxBytes -= frame.byteLength
          if (this.#inboxBytes <= WINDOW_BYTES) this.#other.#room.release()
          return frame
        }
        if (this.#failure) throw this.#failure
        if (this.#ended) return null
        await this.#reader.wait(options.signal)
      }
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
    this.#deliver(() => {
      this.#other.#ended = true
      this.#other.#reader.release()
      this.#other.#closeIfDone()
    })
    this.#closeIfDone()
  }

  reset(reason: Error): void {
    if (this.#closed.signal.aborted) return
    this.fail(reason instanceof HostError ? reason : new HostError('closed', reason.message, { cause: reason }))
    this.#deliver(() => this.#other.fail(new HostError('reset', `the stream to ${this.#other.peer} was reset`)))
  }

  /** The stream is gone on this side. What had arrived before a reset can still be read. */
  fail(failure: HostError): void {
    if (this.#closed.signal.aborted) return
    this.#failure = failure
    if (failure.code !== 'reset') this.#inbox.length = 0
    this.#reader.release()
    this.#room.release()
    this.#closed.abort(failure)
  }

  #accept(frame: Uint8ArrayList): void {
    if (this.#closed.signal.aborted) return
    if (frame.byteLength > this.#maxFrameBytes) {
      const text = `a frame of ${frame.byteLength} bytes is above the limit of ${this.#maxFrameBytes}`
      this.reset(new HostError('too-large', text))
      return
    }
    if (this.#isAnsweredAtOnce(frame)) return
    this.#inbox.push(frame)
    this.#reader.release()
  }

  #isAnsweredAtOnce(frame: Uint8ArrayList): boolean {
    if (this.#quickAnswer === null || !this.#reader.isWaitedAt || this.#inbox.length > 0 || this.#writeClosed)
      return false
    if (this.#other.#inboxBytes > WINDOW_BYTES) return false
    const answer = this.#quickAnswer(frame.subarray())
    if (answer === null) return false
    this.#inboxBytes -= frame.byteLength
    this.#post(new Uint8ArrayList(answer))
    return true
  }

  #post(frame: Uint8ArrayList): void {
    this.#other.#inboxBytes += frame.byteLength
    this.#deliver(() => this.#other.#accept(frame))
  }

  #closeIfDone(): void {
    if (!this.#writeClosed || !this.#ended || this.#closed.signal.aborted) return
    this.#room.release()
    this.#closed.abort(new HostError('closed', `the stream to ${this.peer} is finished`))
  }

  /** Runs at the other side after the link's latency, in order. */
  #deliver(action: () => void): void {
    const { clock, latencyMs } = this.#link
    const arrival = latencyMs > 0 ? clock.sleep(latencyMs) : Promise.resolve()
    this.#travelling = Promise.all([this.#travelling, arrival]).then(action)
  }
}
