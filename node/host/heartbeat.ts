import type { Connection } from '@libp2p/interface'
import { HostError } from './errors.ts'

const BEAT_MS = 15_000
/** A peer whose event loop is busy is not gone. */
const ANSWER_WITHIN_MS = 30_000

/** What our muxer has beside the contract of muxers: one small frame there and back, on no stream. */
interface Questionable {
  /** Frames of any kind so far. */
  readonly received: number
  /** Sends something that must be answered. @throws Error when nothing can be sent */
  ask(): void
}

/** What was known of a connection at the last beat. */
interface Pulse {
  received: number
  /** When it was asked first, of a connection that has said nothing since. */
  askedAt: number | null
}

/**
 * Finds connections whose other end is gone without a word, and drops them. Whoever says anything lives, and is not asked; that includes
 * whoever asks us. libp2p's own monitor opens a stream for each ping: with a thousand connections that is a fifth of a core on each side,
 * for nothing.
 */
export class Heartbeat {
  readonly #connections: () => Iterable<Connection>
  readonly #answerWithinMs: number
  readonly #timer: NodeJS.Timeout
  readonly #pulses = new WeakMap<Connection, Pulse>()

  constructor(connections: () => Iterable<Connection>, options: { beatMs?: number; answerWithinMs?: number } = {}) {
    this.#connections = connections
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS
    this.#timer = setInterval(() => this.#beat(), options.beatMs ?? BEAT_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const now = performance.now()
    for (const connection of this.#connections()) {
      const muxer = muxerOf(connection)
      if (muxer === undefined) continue
      if (!this.#lives(connection, muxer, now)) {
        const peer = connection.remotePeer.toString()
        connection.abort(new HostError('unreachable', `${peer} does not answer any more`))
      }
    }
  }

  #lives(connection: Connection, muxer: Questionable, now: number): boolean {
    const pulse = this.#pulses.get(connection)
    if (pulse === undefined) this.#pulses.set(connection, { received: muxer.received, askedAt: null })
    else if (pulse.received !== muxer.received) {
      pulse.received = muxer.received
      pulse.askedAt = null
    } else {
      pulse.askedAt ??= now
      return now - pulse.askedAt < this.#answerWithinMs && isAsked(muxer)
    }
    return true
  }
}

function isAsked(muxer: Questionable): boolean {
  try {
    muxer.ask()
    return true
  } catch {
    return false
  }
}

function muxerOf(connection: Connection): Questionable | undefined {
  const { muxer } = connection as { muxer?: Partial<Questionable> }
  return typeof muxer?.ask === 'function' ? (muxer as Questionable) : undefined
}
