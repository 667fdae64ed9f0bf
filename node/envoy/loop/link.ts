import { type EnvoySession, type FromBolt, type FromEnvoy, openCheckin } from '#node/checkin'
import type { Host, PeerId } from '#node/host'
import { Deadline, type Logger, messageOf } from '#node/kit'

const OPEN_MS = 10_000
const SEND_MS = 60_000

/** The conversation with one bolt, from its opening to its end. */
export class BoltLink {
  readonly bolt: PeerId
  /** Hash of the traits that this bolt has from this conversation. */
  traitsHash = ''
  readonly #session: EnvoySession
  readonly #stop = new AbortController()

  private constructor(session: EnvoySession) {
    this.bolt = session.peer
    this.#session = session
  }

  /** @throws HostError, DeadlineError */
  static async open(host: Host, bolt: PeerId, version: string, options: { signal: AbortSignal }): Promise<BoltLink> {
    using deadline = new Deadline(OPEN_MS, `reaching the server ${bolt}`, options.signal)
    const session = await openCheckin(host, bolt, { signal: deadline.signal })
    const link = new BoltLink(session)
    await link.send({ type: 'hello', version: version.slice(0, 64) })
    return link
  }

  /** Reads until the end; answers why it ended. Never rejects. */
  async read(onMessage: (message: FromBolt) => Promise<void>, logger: Logger): Promise<string> {
    try {
      for (;;) {
        const message = await this.#session.receive({ signal: this.#stop.signal })
        if (message === null) return 'the server ended the conversation'
        try {
          await onMessage(message)
        } catch (error) {
          logger.warn('message-failed', { type: message.type, bolt: this.bolt, reason: messageOf(error) })
        }
      }
    } catch (error) {
      return messageOf(error)
    } finally {
      this.close('the conversation is over')
    }
  }

  /** @throws HostError, DeadlineError when the message did not leave in time; the conversation is over then */
  async send(message: FromEnvoy): Promise<void> {
    using deadline = new Deadline(SEND_MS, `sending to the server ${this.bolt}`, this.#stop.signal)
    try {
      await this.#session.send(message, { signal: deadline.signal })
    } catch (error) {
      this.close(messageOf(error))
      throw error
    }
  }

  close(reason: string): void {
    if (this.#stop.signal.aborted) return
    this.#stop.abort(new Error(reason))
    this.#session.close(new Error(reason))
  }
}
