import type { CallOptions, FrameStream, Host, PeerId } from '#node/host'
import { decodeFromBolt, decodeFromEnvoy, encodeMessage } from './codec.ts'
import { CheckinError } from './errors.ts'
import {
  CHECKIN_PROTOCOL,
  type FromBolt,
  type FromEnvoy,
  MAX_FROM_BOLT_BYTES,
  MAX_FROM_ENVOY_BYTES,
} from './messages.ts'

/** One side of the conversation: messages instead of frames. Sending is ordered; one reader at a time. */
export class Session<Incoming, Outgoing extends { readonly type: string }> {
  readonly peer: PeerId
  readonly #stream: FrameStream
  readonly #decode: (frame: Uint8Array) => Incoming
  #receivedBytes = 0

  constructor(stream: FrameStream, decode: (frame: Uint8Array) => Incoming) {
    this.peer = stream.peer
    this.#stream = stream
    this.#decode = decode
  }

  /** Fires when the stream is gone. */
  get closed(): AbortSignal {
    return this.#stream.closed
  }

  /** Of the last message. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Resolves when the message is on its way. @throws HostError when the stream is gone */
  async send(message: Outgoing, options: CallOptions = {}): Promise<void> {
    await this.#stream.send(encodeMessage(message), options)
  }

  /** Sends what was encoded before, in one part or several: what is the same for many envoys is encoded once. */
  async sendEncoded(message: Uint8Array | readonly Uint8Array[], options: CallOptions = {}): Promise<void> {
    await this.#stream.send(message, options)
  }

  /**
   * Whenever that can be done without waiting, `still` is answered by `still` if `isStill` says so at that moment; the reader then never
   * sees it. See `FrameStream.answerAtOnce`.
   */
  answerStill(isStill: () => boolean): void {
    this.#stream.answerAtOnce(frame => (frame.byteLength === 0 && isStill() ? frame : null))
  }

  /** The next message; null after the other side ended. @throws CheckinError 'malformed', HostError */
  async receive(options: CallOptions = {}): Promise<Incoming | null> {
    const frame = await this.#stream.receive(options)
    if (frame === null) return null
    this.#receivedBytes = frame.byteLength
    try {
      return this.#decode(frame.subarray())
    } catch (error) {
      if (error instanceof CheckinError) this.#stream.reset(error)
      throw error
    }
  }

  /** Ends the conversation now. */
  close(reason: Error): void {
    this.#stream.reset(reason)
  }
}

export type BoltSession = Session<FromEnvoy, FromBolt>
export type EnvoySession = Session<FromBolt, FromEnvoy>

/** Answers envoys for as long as the host is open. The handler owns a session until it returns. */
export async function serveCheckins(host: Host, onSession: (session: BoltSession) => Promise<void>): Promise<void> {
  const options = { maxFrameBytes: MAX_FROM_ENVOY_BYTES, maxPerPeer: 2, overRelay: true }
  await host.serve(CHECKIN_PROTOCOL, options, stream => onSession(new Session(stream, decodeFromEnvoy)))
}

/** Opens the conversation with a bolt. @throws HostError 'unreachable' */
export async function openCheckin(host: Host, bolt: PeerId, options: CallOptions = {}): Promise<EnvoySession> {
  const stream = await host.open(bolt, CHECKIN_PROTOCOL, {
    ...options,
    maxFrameBytes: MAX_FROM_BOLT_BYTES,
    overRelay: true,
  })
  return new Session(stream, decodeFromBolt)
}
