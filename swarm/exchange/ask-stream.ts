import type { Uint8ArrayList } from 'uint8arraylist'
import type { FrameStream, Host, PeerId } from '#node/host'
import { codeOf, messageOf } from '#node/kit'
import type { Bitfield, Sha256Hex } from '#swarm/chunk'
import {
  type Answer,
  type Ask,
  BLOBS_PROTOCOL,
  type DeclineReason,
  decodeAnswer,
  decodeDataHeader,
  encodeAsk,
  type Holds,
  MAX_ANSWER_FRAME,
  MAX_DATA_HEADER,
  type WhoAnswer,
} from './codec.ts'
import { ExchangeError } from './errors.ts'

/** Cancelled requests whose frames may still arrive. */
const MAX_CANCELLED = 4096
const OPEN_MS = 15_000

/** What a transfer hears about its subscription. */
export interface HaveListener {
  have(holds: Holds, several: boolean, chunkCount: number, bits: Bitfield | null): void
  also(chunks: readonly number[]): void
  gone(reason: string): void
}

/** Where the bytes of one GET go. */
export interface ChunkSink {
  readonly length: number
  readonly target: Uint8Array
  /** So many bytes more are in `target`, from its start on without gaps. */
  arrived(bytes: number): void
  declined(reason: DeclineReason, retryAfterMs: number, hints: readonly PeerId[]): void
}

interface Waiting<T> {
  resolve(value: T): void
  reject(error: Error): void
}

interface ManifestWait extends Waiting<Uint8Array> {
  readonly maxBytes: number
  bytes: Uint8Array | null
  filled: number
}

/** Asks one member, for any number of blobs, over one stream that opens with the first question. */
export class AskStream {
  readonly peer: PeerId
  usedAt: number
  readonly #host: Host
  readonly #onLie: (peer: PeerId, what: string) => void
  readonly #onEnd: () => void
  readonly #abort = new AbortController()
  readonly #outbox: Uint8Array[] = []
  readonly #listeners = new Map<number, HaveListener>()
  readonly #sinks = new Map<number, { sink: ChunkSink; received: number }>()
  readonly #cancelled = new Map<number, number>()
  readonly #whos = new Map<number, Waiting<WhoAnswer[]> & { count: number }>()
  readonly #manifests = new Map<number, ManifestWait>()
  #stream: FrameStream | null = null
  #sending = false
  #nextId = 1
  #ended = false

  constructor(
    peer: PeerId,
    parts: { host: Host; now: number; onLie: (peer: PeerId, what: string) => void; onEnd: () => void },
  ) {
    this.peer = peer
    this.usedAt = parts.now
    this.#host = parts.host
    this.#onLie = parts.onLie
    this.#onEnd = parts.onEnd
    void this.#run()
  }

  get isIdle(): boolean {
    return this.#listeners.size + this.#sinks.size + this.#whos.size + this.#manifests.size === 0
  }

  subscribe(blob: Sha256Hex, replica: boolean, listener: HaveListener): number {
    const handle = this.#nextId++
    this.#listeners.set(handle, listener)
    this.#say({ kind: 'have', handle, replica, blob })
    return handle
  }

  unsubscribe(handle: number): void {
    if (this.#listeners.delete(handle)) this.#say({ kind: 'drop', handle })
  }

  /** Answers the id to cancel it with. The sink's target must stay until it is full, declined or cancelled. */
  get(handle: number, chunk: number, force: boolean, sink: ChunkSink): number {
    const id = this.#nextId++
    this.#sinks.set(id, { sink, received: 0 })
    this.#say({ kind: 'get', id, handle, chunk, offset: 0, length: sink.length, force })
    return id
  }

  cancel(id: number): void {
    const open = this.#sinks.get(id)
    if (!open) return
    this.#sinks.delete(id)
    this.#cancelled.set(id, open.sink.length - open.received)
    if (this.#cancelled.size > MAX_CANCELLED) this.#cancelled.delete(this.#cancelled.keys().next().value!)
    this.#say({ kind: 'cancel', id })
  }

  /** @throws ExchangeError when the stream ends, or the signal's reason */
  who(blobs: readonly Sha256Hex[], signal: AbortSignal): Promise<WhoAnswer[]> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<WhoAnswer[]>()
    this.#whos.set(id, { resolve, reject, count: blobs.length })
    this.#say({ kind: 'who', id, wanting: true, blobs })
    return this.#until(signal, promise, reason => {
      if (this.#whos.delete(id)) reject(reason)
    })
  }

  /** The manifest's bytes, not verified. @throws ExchangeError when the member has none or it is longer than allowed */
  manifest(hash: Sha256Hex, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.#manifests.set(id, { resolve, reject, maxBytes, bytes: null, filled: 0 })
    this.#say({ kind: 'manifest', id, hash })
    return this.#until(signal, promise, reason => {
      if (!this.#manifests.delete(id)) return
      this.#cancelled.set(id, maxBytes)
      this.#say({ kind: 'cancel', id })
      reject(reason)
    })
  }

  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    const error = new ExchangeError('closed', `${this.peer}: ${reason}`)
    this.#abort.abort(error)
    this.#stream?.reset(error)
    this.#onEnd()
    for (const listener of this.#listeners.values()) listener.gone(reason)
    for (const waiting of [...this.#whos.values(), ...this.#manifests.values()]) waiting.reject(error)
    this.#listeners.clear()
    this.#sinks.clear()
    this.#whos.clear()
    this.#manifests.clear()
  }

  async #run(): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(OPEN_MS)])
      const stream = await this.#host.open(this.peer, BLOBS_PROTOCOL, { maxFrameBytes: MAX_ANSWER_FRAME, signal })
      if (this.#ended) {
        stream.reset(new ExchangeError('closed', 'no longer needed'))
        return
      }
      this.#stream = stream
      void this.#flush()
      for (;;) {
        const frame = await stream.receive()
        if (frame === null) break
        this.#take(frame)
      }
      this.end('closed the stream')
    } catch (error) {
      if (codeOf(error) === 'malformed' || codeOf(error) === 'too-large') this.#lie(messageOf(error))
      else this.end(this.#stream ? `the stream broke: ${messageOf(error)}` : `unreachable: ${messageOf(error)}`)
    }
  }

  async #until<T>(signal: AbortSignal, promise: Promise<T>, giveUp: (reason: unknown) => void): Promise<T> {
    const onAbort = (): void => giveUp(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    if (this.#ended) giveUp(new ExchangeError('closed', `${this.peer}: the stream has ended`))
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #say(ask: Ask): void {
    if (this.#ended) return
    this.#outbox.push(encodeAsk(ask))
    void this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#sending || !this.#stream) return
    this.#sending = true
    try {
      for (let next = this.#outbox.shift(); next; next = this.#outbox.shift()) await this.#stream.send(next)
    } catch (error) {
      this.end(`the stream broke: ${messageOf(error)}`)
    } finally {
      this.#sending = false
    }
  }

  #take(frame: Uint8ArrayList): void {
    const start = frame.subarray(0, Math.min(MAX_DATA_HEADER, frame.byteLength))
    const header = decodeDataHeader(start, frame.byteLength)
    if (header) this.#takeData(frame, header)
    else this.#takeAnswer(decodeAnswer(frame.subarray()))
  }

  #takeData(
    frame: Uint8ArrayList,
    { id, offset, headerBytes }: { id: number; offset: number; headerBytes: number },
  ): void {
    const length = frame.byteLength - headerBytes
    const open = this.#sinks.get(id)
    if (!open) {
      this.#takeLate(id, length)
      return
    }
    const { sink } = open
    if (offset !== open.received || offset + length > sink.length) {
      this.#lie(
        `sent bytes ${offset} to ${offset + length} of a chunk of ${sink.length}, of which ${open.received} had come`,
      )
      return
    }
    let skip = headerBytes
    let at = offset
    for (const piece of frame) {
      if (skip >= piece.byteLength) {
        skip -= piece.byteLength
        continue
      }
      const part = skip > 0 ? piece.subarray(skip) : piece
      skip = 0
      sink.target.set(part, at)
      at += part.byteLength
    }
    open.received = at
    if (at === sink.length) this.#sinks.delete(id)
    sink.arrived(length)
  }

  #takeLate(id: number, length: number): void {
    const left = this.#cancelled.get(id)
    if (left === undefined || left < length) {
      this.#lie('sent bytes that nobody asked for')
      return
    }
    if (left === length) this.#cancelled.delete(id)
    else this.#cancelled.set(id, left - length)
  }

  #takeAnswer(answer: Answer): void {
    switch (answer.kind) {
      case 'have':
        this.#listeners.get(answer.handle)?.have(answer.holds, answer.several, answer.chunkCount, answer.bits)
        return
      case 'also':
        this.#listeners.get(answer.handle)?.also(answer.chunks)
        return
      case 'who':
        this.#takeWho(answer.id, answer.answers)
        return
      case 'manifest':
        this.#takeManifest(answer)
        return
      case 'decline':
        this.#takeDecline(answer)
        return
      case 'data':
        return
    }
  }

  #takeWho(id: number, answers: readonly WhoAnswer[]): void {
    const waiting = this.#whos.get(id)
    if (!waiting) return
    this.#whos.delete(id)
    if (answers.length !== waiting.count) {
      waiting.reject(new ExchangeError('malformed', `${this.peer} answered another number of blobs than asked`))
      this.#lie('answered another number of blobs than it was asked about')
      return
    }
    waiting.resolve([...answers])
  }

  #takeManifest({ id, total, offset, bytes }: Answer & { kind: 'manifest' }): void {
    const waiting = this.#manifests.get(id)
    if (!waiting) {
      this.#takeLate(id, bytes.byteLength)
      return
    }
    if (total > waiting.maxBytes) {
      this.#manifests.delete(id)
      waiting.reject(new ExchangeError('malformed', `${this.peer} offers a manifest of ${total} bytes`))
      this.#lie(`offered a manifest of ${total} bytes where ${waiting.maxBytes} are possible`)
      return
    }
    waiting.bytes ??= new Uint8Array(total)
    if (offset !== waiting.filled || total !== waiting.bytes.byteLength || offset + bytes.byteLength > total) {
      this.#manifests.delete(id)
      waiting.reject(new ExchangeError('malformed', `${this.peer} sent a manifest in parts that do not fit`))
      this.#lie('sent a manifest in parts that do not fit')
      return
    }
    waiting.bytes.set(bytes, offset)
    waiting.filled += bytes.byteLength
    if (waiting.filled < total) return
    this.#manifests.delete(id)
    waiting.resolve(waiting.bytes)
  }

  #takeDecline({ id, reason, retryAfterMs, hints }: Answer & { kind: 'decline' }): void {
    this.#cancelled.delete(id)
    const waiting = this.#manifests.get(id)
    if (waiting) {
      this.#manifests.delete(id)
      waiting.reject(new ExchangeError('incomplete', `${this.peer} does not have the manifest`))
      return
    }
    const open = this.#sinks.get(id)
    if (!open) return
    this.#sinks.delete(id)
    open.sink.declined(reason, retryAfterMs, hints)
  }

  #lie(what: string): void {
    this.#onLie(this.peer, what)
    this.end(what)
  }
}
