import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { CallOptions, FrameStream, Host, PeerId } from '#node/host'
import { CheckinError } from './errors.ts'
import {
  CHECKIN_PROTOCOL,
  type FromBolt,
  type FromEnvoy,
  FromEnvoy as FromEnvoySchema,
  MAX_FROM_BOLT_BYTES,
  MAX_FROM_ENVOY_BYTES,
} from './messages.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** One side of the conversation: messages instead of frames. Sending is ordered; one reader at a time. */
export class Session<Incoming, Outgoing> {
  readonly peer: PeerId
  readonly #stream: FrameStream
  readonly #read: (value: unknown) => Incoming

  constructor(stream: FrameStream, read: (value: unknown) => Incoming) {
    this.peer = stream.peer
    this.#stream = stream
    this.#read = read
  }

  /** Fires when the stream is gone. */
  get closed(): AbortSignal {
    return this.#stream.closed
  }

  /** Resolves when the message is on its way. @throws HostError when the stream is gone */
  async send(message: Outgoing, options: CallOptions = {}): Promise<void> {
    await this.#stream.send(encoder.encode(JSON.stringify(message)), options)
  }

  /** Sends what was encoded before: the same bundle for many. */
  async sendEncoded(frame: Uint8Array, options: CallOptions = {}): Promise<void> {
    await this.#stream.send(frame, options)
  }

  /** The next message; null after the other side ended. @throws CheckinError 'malformed', HostError */
  async receive(options: CallOptions = {}): Promise<Incoming | null> {
    const frame = await this.#stream.receive(options)
    if (frame === null) return null
    try {
      return this.#read(JSON.parse(decoder.decode(frame.subarray())))
    } catch (error) {
      const malformed =
        error instanceof CheckinError
          ? error
          : new CheckinError('malformed', `${this.peer} sent something that is no message of ${CHECKIN_PROTOCOL}`, {
              cause: error,
            })
      this.#stream.reset(malformed)
      throw malformed
    }
  }

  /** Ends the conversation now. */
  close(reason: Error): void {
    this.#stream.reset(reason)
  }
}

export type BoltSession = Session<FromEnvoy, FromBolt>
export type EnvoySession = Session<FromBolt, FromEnvoy>

const isFromEnvoy = TypeCompiler.Compile(FromEnvoySchema)

function readFromEnvoy(value: unknown): FromEnvoy {
  if (isFromEnvoy.Check(value)) return value as FromEnvoy
  const first = isFromEnvoy.Errors(value).First()
  const type = typeof value === 'object' && value !== null && 'type' in value ? String(value.type).slice(0, 40) : '?'
  throw new CheckinError('malformed', `a '${type}' message is malformed: ${first?.path ?? ''} ${first?.message ?? ''}`)
}

function readFromBolt(value: unknown): FromBolt {
  if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string') {
    return value as FromBolt
  }
  throw new CheckinError('malformed', 'a message of the bolt has no type')
}

export function encodeFromBolt(message: FromBolt): Uint8Array {
  return encoder.encode(JSON.stringify(message))
}

/** Answers envoys for as long as the host is open. The handler owns a session until it returns. */
export async function serveCheckins(host: Host, onSession: (session: BoltSession) => Promise<void>): Promise<void> {
  const options = { maxFrameBytes: MAX_FROM_ENVOY_BYTES, maxPerPeer: 2, overRelay: true }
  await host.serve(CHECKIN_PROTOCOL, options, stream => onSession(new Session(stream, readFromEnvoy)))
}

/** Opens the conversation with a bolt. @throws HostError 'unreachable' */
export async function openCheckin(host: Host, bolt: PeerId, options: CallOptions = {}): Promise<EnvoySession> {
  const stream = await host.open(bolt, CHECKIN_PROTOCOL, {
    ...options,
    maxFrameBytes: MAX_FROM_BOLT_BYTES,
    overRelay: true,
  })
  return new Session(stream, readFromBolt)
}
