import { type EnvoySession, type FromBolt, type FromEnvoy, openCheckin, STILL, type Still } from '#node/checkin'
import type { Host, PeerId } from '#node/host'
import { Deadline, type Logger, messageOf } from '#node/kit'
import type { CheckInAnswer } from './answers.ts'

const OPEN_MS = 10_000
const SEND_MS = 60_000

export interface Told {
  readonly bundle: string
  readonly release: string
  readonly traitsHash: string
}

/** The conversation with one bolt, from its opening to its end. */
export class BoltLink {
  readonly bolt: PeerId
  /** What this bolt has last been told in this conversation, and took. */
  #told: Told | null = null
  /** That nothing is new, and what `still` of the bolt stands for. */
  #answer: CheckInAnswer | null = null
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

  /** Says no more than the bolt does not know. @throws as `send` */
  async checkIn(now: Told, traits: Readonly<Record<string, unknown>>): Promise<void> {
    const { bundle, release, traitsHash } = now
    const told = this.#told
    const knowsTraits = told?.traitsHash === traitsHash
    const isStill = knowsTraits && this.#answer !== null && told.bundle === bundle && told.release === release
    this.#told = now
    if (isStill) await this.send(STILL)
    else await this.send({ type: 'check-in', bundle, release, traitsHash, ...(knowsTraits ? {} : { traits }) })
  }

  /** What the bolt says to a check-in. @throws Error when it refers to an answer that there was not */
  answered(message: CheckInAnswer | Still): CheckInAnswer {
    if (message.type === 'still') {
      if (this.#answer !== null) return this.#answer
      this.close('the server repeats an answer that it has not given')
      throw new Error('there was no answer that could be repeated')
    }
    this.#answer = message.type === 'unchanged' || message.type === 'no-policy' ? message : null
    // One that is refused may not have kept the traits.
    if (message.type === 'refused') this.#told = null
    return message
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
