import type { Bundle } from '#config/store'
import { CheckinError, encodeMessage, type FromBolt, MAX_FROM_BOLT_BYTES, STILL } from '#node/checkin'
import { Deadline, type Random } from '#node/kit'
import { BundleMessages } from '../policy/index.ts'
import type { Answer, CheckIn, Conversation } from './conversation.ts'
import type { Decider } from './decider.ts'
import type { FleetIndex } from './fleet-index.ts'
import type { FleetStore, TraitRecord } from './fleet-store.ts'
import { Gate } from './gate.ts'
import type { Secrets } from './secrets.ts'

/** Answers that need more than memory, at a time. One takes about a millisecond, unless the envoy reads slowly. */
const AT_ONCE = 64
const MAX_WAITING = 1_024
/** Traits of those who wait. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024
/** Within which an envoy must have taken its bundle. */
const TAKE_WITHIN_MS = 30_000
/** Such answers that a busy server gives in a millisecond. */
const ANSWERS_PER_MS = 0.5
const SHORTEST_RETRY_MS = 1_000
/** An envoy that was turned away so often waits in line, however long the line is. */
const MAX_REFUSALS = 3
const STILL_FRAME = encodeMessage(STILL)

export interface CheckinDeskOptions {
  readonly decider: Decider
  readonly index: FleetIndex
  readonly store: FleetStore
  readonly secrets: Secrets
  readonly intervalMs: () => number
  readonly random: Random
  readonly gate?: Gate | undefined
}

/** Check-ins since the start, by what they were answered with. */
export type CheckinCounts = Record<'unchanged' | 'bundle' | 'no-bundle' | 'refused', number>

/** Answers check-ins. One without news costs nothing but its answer. */
export class CheckinDesk {
  readonly counts: CheckinCounts = { unchanged: 0, bundle: 0, 'no-bundle': 0, refused: 0 }
  readonly #options: CheckinDeskOptions
  readonly #messages = new BundleMessages()
  readonly #gate: Gate
  /** How often those were turned away who have had no answer since. */
  readonly #refusals = new Map<Conversation, number>()

  constructor(options: CheckinDeskOptions) {
    this.#options = options
    this.#gate = options.gate ?? new Gate({ running: AT_ONCE, waiting: MAX_WAITING, waitingBytes: MAX_WAITING_BYTES })
  }

  /** Resolves when the answer is on its way. @throws HostError, DeadlineError when the envoy does not read it */
  async checkIn(conversation: Conversation, message: CheckIn): Promise<void> {
    const { answer, session } = conversation
    const { traits, ...rest } = message
    conversation.checkIn = rest
    conversation.isCalled = false
    conversation.said = null
    if (answer !== null && traits === undefined && this.#holds(answer, message)) {
      await this.#confirm(conversation, answer)
      return
    }
    const bytes = traits === undefined ? 0 : session.receivedBytes
    const isPatient = (this.#refusals.get(conversation) ?? 0) >= MAX_REFUSALS
    const done = await this.#gate.run(bytes, () => this.#answer(conversation, message), { evenIfLong: isPatient })
    if (done === null) await this.#turnAway(conversation)
    else this.#refusals.delete(conversation)
  }

  /** The same check-in as before. @throws CheckinError 'malformed' when there was none; and as `checkIn` */
  async still(conversation: Conversation): Promise<void> {
    const { checkIn, session } = conversation
    if (checkIn === null) throw new CheckinError('malformed', 'still comes after a check-in')
    if (!this.isStill(conversation)) await this.checkIn(conversation, checkIn)
    else {
      this.saidStill(conversation)
      await session.sendEncoded(STILL_FRAME)
    }
  }

  /** Would `still` of the envoy be answered by `still`? */
  isStill({ answer, checkIn, said }: Conversation): boolean {
    return answer !== null && checkIn !== null && said === answer.frame && this.#holds(answer, checkIn)
  }

  /** The envoy is about to be answered by `still`. */
  saidStill(conversation: Conversation): void {
    conversation.isCalled = false
    if (conversation.answer !== null) this.#count(conversation.answer)
  }

  /** What the envoy should have at this moment; null when that is not known without asking it. */
  async current(conversation: Conversation): Promise<Answer | null> {
    const { decider, store } = this.#options
    const { answer, state } = conversation
    if (answer === null || answer.generation === decider.generation) return answer
    const decided = await this.#gate.run(0, async () => {
      const stored = await store.traits(state.peer)
      if (stored === null || stored.hash !== answer.traitsHash) return
      conversation.answer = (await decider.decide(state, stored.hash, stored.traits)).answer
    })
    return decided === null ? null : conversation.answer
  }

  left(conversation: Conversation): void {
    this.#refusals.delete(conversation)
  }

  #holds(answer: Answer, { bundle, traitsHash }: CheckIn): boolean {
    return (
      answer.generation === this.#options.decider.generation &&
      answer.traitsHash === traitsHash &&
      (answer.hash === null || answer.hash === bundle)
    )
  }

  async #answer(conversation: Conversation, message: CheckIn): Promise<void> {
    const { session, state } = conversation
    const traits = await this.#traitsOf(conversation, message)
    if (traits === null) {
      this.counts.refused++
      await session.send(refusal('traits-needed', 'send the traits along', SHORTEST_RETRY_MS))
      return
    }
    const { answer, bundle } = await this.#options.decider.decide(state, message.traitsHash, traits)
    conversation.answer = answer
    if (bundle === null || bundle.hash === message.bundle) await this.#confirm(conversation, answer)
    else await this.#give(conversation, bundle)
  }

  /** There is nothing to hand over. */
  async #confirm(conversation: Conversation, answer: Answer): Promise<void> {
    this.#count(answer)
    conversation.said = answer.frame
    await conversation.session.sendEncoded(answer.frame)
  }

  #count({ hash }: Answer): void {
    this.counts[hash === null ? 'no-bundle' : 'unchanged']++
  }

  /** Null when the envoy did not send what the server does not have. */
  async #traitsOf({ state }: Conversation, { traits, traitsHash }: CheckIn): Promise<TraitRecord | null> {
    const { store, index } = this.#options
    if (traits === undefined) {
      const stored = state.traitsHash === traitsHash ? await store.traits(state.peer) : null
      return stored?.hash === traitsHash ? stored.traits : null
    }
    // What came as JSON is a value of templates.
    const values = traits as TraitRecord
    if (state.traitsHash !== traitsHash) {
      await store.putTraits(state.peer, { hash: traitsHash, traits: values })
      index.traitsStored(state, traitsHash)
    }
    return values
  }

  async #give({ session, state }: Conversation, bundle: Bundle): Promise<void> {
    const { secrets, intervalMs } = this.#options
    const parts = this.#messages.encode(bundle, { intervalMs: intervalMs(), secretsEpoch: secrets.epoch })
    const sizeBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (sizeBytes > MAX_FROM_BOLT_BYTES) {
      this.counts.refused++
      const problem = `the bundle has ${sizeBytes} bytes, and no more than ${MAX_FROM_BOLT_BYTES} can be sent; split its files off as artifacts`
      await session.send(refusal('bundle-too-large', problem, intervalMs()))
      return
    }
    this.counts.bundle++
    using deadline = new Deadline(TAKE_WITHIN_MS, `sending ${state.hostname} its bundle`)
    await session.sendEncoded(parts, { signal: deadline.signal })
  }

  /** The more are to come back, the longer they are told to wait; each at another time. */
  async #turnAway(conversation: Conversation): Promise<void> {
    this.counts.refused++
    this.#refusals.set(conversation, (this.#refusals.get(conversation) ?? 0) + 1)
    const spreadMs = Math.max(SHORTEST_RETRY_MS, this.#refusals.size / ANSWERS_PER_MS)
    const retryMs = Math.round(SHORTEST_RETRY_MS + spreadMs * this.#options.random())
    await conversation.session.send(refusal('busy', 'too many envoys check in at this moment', retryMs))
  }
}

function refusal(code: string, message: string, retryMs: number): FromBolt {
  return { type: 'refused', code, message, retryMs }
}
