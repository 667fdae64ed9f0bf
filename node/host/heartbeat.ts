import type { Connection } from '@libp2p/interface'
import { Deadline } from '#node/kit'
import { HostError } from './errors.ts'

const BEAT_MS = 15_000
/** A peer whose event loop is busy is not gone. */
const ANSWER_WITHIN_MS = 30_000

/** What yamux has beside the contract of muxers: one small frame there and back, on no stream. */
interface Pinging {
  ping(options: { signal: AbortSignal }): Promise<number>
}

/**
 * Finds connections whose other end is gone without a word, and drops them. libp2p's own monitor opens a stream for each ping: with a
 * thousand connections that is a fifth of a core on each side, for nothing. Whoever has no yamux ping is left alone.
 */
export class Heartbeat {
  readonly #connections: () => Iterable<Connection>
  readonly #answerWithinMs: number
  readonly #timer: NodeJS.Timeout
  readonly #waiting = new WeakSet<Connection>()

  constructor(connections: () => Iterable<Connection>, options: { beatMs?: number; answerWithinMs?: number } = {}) {
    this.#connections = connections
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS
    this.#timer = setInterval(() => this.#beat(), options.beatMs ?? BEAT_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (const connection of this.#connections()) {
      const muxer = muxerOf(connection)
      if (muxer !== undefined && !this.#waiting.has(connection)) void this.#ping(connection, muxer)
    }
  }

  async #ping(connection: Connection, muxer: Pinging): Promise<void> {
    using deadline = new Deadline(this.#answerWithinMs, `an answer of ${connection.remotePeer.toString()}`)
    this.#waiting.add(connection)
    try {
      await muxer.ping({ signal: deadline.signal })
    } catch {
      const peer = connection.remotePeer.toString()
      connection.abort(new HostError('unreachable', `${peer} does not answer any more`))
    } finally {
      this.#waiting.delete(connection)
    }
  }
}

function muxerOf(connection: Connection): Pinging | undefined {
  const { muxer } = connection as { muxer?: Partial<Pinging> }
  return typeof muxer?.ping === 'function' ? (muxer as Pinging) : undefined
}
