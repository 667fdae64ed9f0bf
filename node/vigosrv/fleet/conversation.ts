import type { BoltSession, FromEnvoy } from '#node/checkin'
import type { EnvoyState } from './envoy-state.ts'

/** Without the traits. */
export type CheckIn = Extract<FromEnvoy, { type: 'check-in' }>

/** What an envoy was answered, good for as long as neither its traits nor what hosts get has changed. */
export interface Answer {
  readonly generation: number
  readonly traitsHash: string
  /** Of the bundle that it should have; null when there is none. */
  readonly hash: string | null
  /** Paths of secrets that it may ask for. */
  readonly secrets: readonly string[]
  /** The whole answer, unless the envoy needs the bundle. */
  readonly frame: Uint8Array
}

/** One envoy on its stream. */
export class Conversation {
  readonly state: EnvoyState
  readonly session: BoltSession
  answer: Answer | null = null
  /** What `still` of the envoy stands for. */
  checkIn: CheckIn | null = null
  /** What `still` of the server stands for: the frame that the last check-in was answered with, unless the envoy must remember more. */
  said: Uint8Array | null = null
  /** It was told to check in and has not done so yet. */
  isCalled = false
  /** Tasks that it was sent, and how many bytes of output each may still bring. */
  readonly tasks = new Map<string, number>()

  constructor(state: EnvoyState, session: BoltSession) {
    this.state = state
    this.session = session
  }
}

/** The open conversations, one for each envoy. */
export class Conversations {
  readonly #all = new Map<string, Conversation>()
  readonly #enders = new Set<(conversation: Conversation) => void>()

  get size(): number {
    return this.#all.size
  }

  get(peer: string): Conversation | undefined {
    return this.#all.get(peer)
  }

  values(): Iterable<Conversation> {
    return this.#all.values()
  }

  /** Envoys, all of them or those that were answered so. */
  peers(isMeant?: (answer: Answer) => boolean): readonly string[] {
    const all = [...this.#all.values()]
    const meant = isMeant === undefined ? all : all.filter(({ answer }) => answer !== null && isMeant(answer))
    return meant.map(({ state }) => state.peer)
  }

  /** Takes the place of an earlier one, which is answered. */
  add(conversation: Conversation): Conversation | undefined {
    const { peer } = conversation.state
    const before = this.#all.get(peer)
    this.#all.set(peer, conversation)
    return before
  }

  /** After its end. False when another one is in its place. */
  remove(conversation: Conversation): boolean {
    for (const ender of this.#enders) ender(conversation)
    const { peer } = conversation.state
    return this.#all.get(peer) === conversation && this.#all.delete(peer)
  }

  onEnd(ender: (conversation: Conversation) => void): void {
    this.#enders.add(ender)
  }
}
