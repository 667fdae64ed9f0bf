import { encodeMessage, type FromBolt } from '#node/checkin'
import { type Clock, isAbort } from '#node/kit'
import type { Conversation, Conversations } from './conversation.ts'

/** Everybody is told within that time, and no faster than the server can answer them. */
const WITHIN_MS = 10_000
const PER_ENVOY_MS = 2
const STEP_MS = 50

/**
 * Tells envoys to check in now: a few at a time, so that all of a fleet comes within seconds and never all at once. An envoy that was
 * told and has not come yet is not told again.
 */
export class Caller {
  readonly #conversations: Conversations
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #waiting = new Map<string, string>()
  #perStep = 1
  #isCalling = false
  #done: Promise<void> = Promise.resolve()

  constructor(options: { conversations: Conversations; clock: Clock }) {
    this.#conversations = options.conversations
    this.#clock = options.clock
  }

  /** How many of them are connected, all of which are told. */
  call(peers: Iterable<string>, reason: string): number {
    let told = 0
    for (const peer of peers) {
      if (this.#conversations.get(peer) === undefined) continue
      this.#waiting.set(peer, reason)
      told++
    }
    const steps = Math.max(1, Math.min(WITHIN_MS, this.#waiting.size * PER_ENVOY_MS) / STEP_MS)
    this.#perStep = Math.ceil(this.#waiting.size / steps)
    if (!this.#isCalling) this.#done = this.#run()
    return told
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#waiting.clear()
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    this.#isCalling = true
    try {
      while (this.#waiting.size > 0 && !signal.aborted) {
        this.#step()
        if (this.#waiting.size > 0) await this.#clock.sleep(STEP_MS, { signal })
      }
    } catch (error) {
      if (!isAbort(error)) throw error
    } finally {
      this.#isCalling = false
    }
  }

  #step(): void {
    let left = this.#perStep
    for (const [peer, reason] of this.#waiting) {
      if (left-- <= 0) return
      this.#waiting.delete(peer)
      const conversation = this.#conversations.get(peer)
      if (conversation !== undefined && !conversation.isCalled) tell(conversation, reason)
    }
  }
}

function tell(conversation: Conversation, reason: string): void {
  const { session } = conversation
  conversation.isCalled = true
  session
    .sendEncoded(encodeMessage({ type: 'check-in-now', reason } satisfies FromBolt))
    .catch((error: Error) => session.close(error))
}
