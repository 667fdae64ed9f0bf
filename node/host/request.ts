import { Deadline } from '#node/kit'
import { HostError } from './errors.ts'
import type { CallOptions, FrameStream, Host, PeerId } from './types.ts'

/** A value's form on the wire. `decode` throws `RangeError` on anything that `encode` could not have made. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** One question, one answer, both bounded, over a stream of its own. */
export interface RequestProtocol<Request, Response> {
  readonly id: string
  readonly request: Codec<Request>
  readonly response: Codec<Response>
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
  /** For the whole exchange, on both sides. */
  readonly deadlineMs: number
  readonly maxPerPeer?: number
  readonly overRelay?: boolean
}

/** Answers a protocol's requests of members. A malformed request resets the stream; so does an answer that throws. */
export async function serveRequests<Request, Response>(
  host: Host,
  protocol: RequestProtocol<Request, Response>,
  answer: Answer<Request, Response>,
): Promise<void> {
  const options = { maxFrameBytes: protocol.maxRequestBytes, ...limits(protocol) }
  await host.serve(protocol.id, options, stream => answerOne(stream, protocol, answer))
}

export type Answer<Request, Response> = (
  request: Request,
  call: { peer: PeerId; signal: AbortSignal },
) => Promise<Response>

/** Reads one request from a stream and answers it, within the protocol's deadline. */
export async function answerOne<Request, Response>(
  stream: FrameStream,
  protocol: RequestProtocol<Request, Response>,
  answer: Answer<Request, Response>,
): Promise<void> {
  using deadline = new Deadline(protocol.deadlineMs, `answering ${protocol.id}`, stream.closed)
  const { signal } = deadline
  const frame = await stream.receive({ signal })
  if (frame === null) return
  const message = decode(protocol, protocol.request, frame.subarray(), stream.peer)
  const response = await answer(message, { peer: stream.peer, signal })
  await stream.send(protocol.response.encode(response), { signal })
  await stream.closeWrite()
}

/** Asks one peer. @throws HostError with code 'unreachable', 'reset' or 'malformed'; DeadlineError */
export async function request<Request, Response>(
  host: Host,
  peer: PeerId,
  protocol: RequestProtocol<Request, Response>,
  message: Request,
  options: CallOptions = {},
): Promise<Response> {
  using deadline = new Deadline(protocol.deadlineMs, `${protocol.id} to ${peer}`, options.signal)
  const { signal } = deadline
  const opening = { signal, maxFrameBytes: protocol.maxResponseBytes, ...limits(protocol) }
  const stream = await host.open(peer, protocol.id, opening)
  try {
    return await askOne(stream, protocol, message, { signal })
  } finally {
    stream.reset(new HostError('closed', 'request is over'))
  }
}

/** Sends one request over an open stream and reads the answer. The caller closes the stream. */
export async function askOne<Request, Response>(
  stream: FrameStream,
  protocol: RequestProtocol<Request, Response>,
  message: Request,
  options: CallOptions = {},
): Promise<Response> {
  await stream.send(protocol.request.encode(message), options)
  await stream.closeWrite()
  const frame = await stream.receive(options)
  if (frame === null) throw new HostError('reset', `${stream.peer} closed ${protocol.id} without an answer`)
  return decode(protocol, protocol.response, frame.subarray(), stream.peer)
}

function decode<T>(protocol: { id: string }, codec: Codec<T>, bytes: Uint8Array, peer: PeerId): T {
  try {
    return codec.decode(bytes)
  } catch (error) {
    throw new HostError('malformed', `${peer} sent a malformed ${protocol.id} message`, { cause: error })
  }
}

function limits(protocol: { maxPerPeer?: number; overRelay?: boolean }): { maxPerPeer?: number; overRelay?: boolean } {
  return {
    ...(protocol.maxPerPeer === undefined ? {} : { maxPerPeer: protocol.maxPerPeer }),
    ...(protocol.overRelay === undefined ? {} : { overRelay: protocol.overRelay }),
  }
}
