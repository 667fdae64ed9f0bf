import { Deadline } from '#node/kit'
import { HostError } from './errors.ts'
import type { FrameHandler, FrameStream, PeerId, ServeOptions } from './types.ts'

export const DEFAULT_MAX_PER_PEER = 32
/** How long the other side may take to finish writing after our handler is done with the stream. */
const LINGER_MS = 5_000

/** Runs a protocol's handlers, at most so many at a time for one peer. */
export class Serving {
  readonly #maxPerPeer: number
  readonly #handler: FrameHandler
  readonly #running = new Map<PeerId, number>()

  constructor(options: Pick<ServeOptions, 'maxPerPeer'>, handler: FrameHandler) {
    this.#maxPerPeer = options.maxPerPeer ?? DEFAULT_MAX_PER_PEER
    this.#handler = handler
  }

  /** Never rejects: a handler that throws resets its stream. */
  async run(stream: FrameStream): Promise<void> {
    const running = this.#running.get(stream.peer) ?? 0
    if (running >= this.#maxPerPeer) {
      stream.reset(new HostError('closed', `${stream.peer} has ${running} streams of this protocol already`))
      return
    }
    this.#running.set(stream.peer, running + 1)
    try {
      await this.#handler(stream)
    } catch (error) {
      stream.reset(error instanceof Error ? error : new HostError('closed', String(error)))
    } finally {
      const left = (this.#running.get(stream.peer) ?? 1) - 1
      if (left > 0) this.#running.set(stream.peer, left)
      else this.#running.delete(stream.peer)
    }
    await finish(stream)
  }
}

/** Sends the end and drops what still comes, so that nothing that was sent is lost to an early reset. */
async function finish(stream: FrameStream): Promise<void> {
  using deadline = new Deadline(LINGER_MS, `closing a stream of ${stream.peer}`, stream.closed)
  try {
    await stream.closeWrite()
    while ((await stream.receive({ signal: deadline.signal })) !== null);
  } catch (error) {
    stream.reset(error instanceof Error ? error : new HostError('closed', String(error)))
  }
}
