import { type BoltSession, CheckinError, type FromEnvoy, STILL, serveCheckins } from '#node/checkin'
import { type Host, HostError, publicKeyOf } from '#node/host'
import { type Clock, Deadline, DeadlineError, isAbort, type Logger, messageOf, toHex } from '#node/kit'
import { Allowance } from './allowance.ts'
import type { Caller } from './caller.ts'
import type { CheckinDesk } from './checkin-desk.ts'
import { Conversation, type Conversations } from './conversation.ts'
import { FleetError } from './errors.ts'
import type { FleetIndex } from './fleet-index.ts'
import type { ReportDesk } from './report-desk.ts'
import type { SecretDesk } from './secret-desk.ts'
import { Seldom } from './seldom.ts'
import type { TaskDesk } from './task-desk.ts'
import type { FleetControl } from './types.ts'

/** From the opening of the stream to the first message. */
const HELLO_WITHIN_MS = 15_000
/** An envoy that is not heard of for so long, and for so many of its intervals, has to begin again. */
const SILENT_MS = 600_000
const SILENT_INTERVALS = 10
/** What an envoy may ask for: thrice a second as a rule, and the reports of hours of absence at once. */
const BURST = 400
const PER_SECOND = 5
const BYTES_FOR_ONE = 32 * 1024
const STREAM_COST = 5
const SECRETS_COST = 5
/** Output comes in many small pieces. */
const OUTPUT_COST = 0.1
/** Whoever asks for what is not his has to wait for a minute; each time is written into the audit log. */
const DENIED_COST = 300

export interface CheckinParts {
  readonly index: FleetIndex
  readonly conversations: Conversations
  readonly desk: CheckinDesk
  readonly reports: ReportDesk
  readonly secrets: SecretDesk
  readonly tasks: TaskDesk
  readonly caller: Caller
  readonly clock: Clock
  readonly logger: Logger
}

/** The server's end of `/vigo/checkin/1`. Who an envoy is, its connection says; a bad or slow one costs itself only. */
export class CheckinService implements FleetControl {
  readonly #parts: CheckinParts
  /** By envoy: a new stream is no new start. */
  readonly #allowances = new Map<string, Allowance>()
  readonly #seldom: Seldom
  readonly #serving = new Set<Promise<void>>()
  #isClosed = false

  constructor(parts: CheckinParts) {
    this.#parts = parts
    this.#seldom = new Seldom(parts.clock)
    parts.conversations.onEnd(conversation => parts.desk.left(conversation))
  }

  async serve(host: Host): Promise<void> {
    await serveCheckins(host, async session => {
      const serving = this.#serve(session)
      this.#serving.add(serving)
      await serving.finally(() => this.#serving.delete(serving))
    })
  }

  push(peers: readonly string[], reason: string): number {
    return this.#parts.caller.call(peers, reason)
  }

  /** The envoy is out, or has another name now. */
  dismiss(peer: string): void {
    this.#allowances.delete(peer)
    this.#parts.conversations
      .get(peer)
      ?.session.close(new FleetError('not-an-envoy', 'the roster does not have you under this name any more'))
  }

  /** Ends conversations with envoys that say nothing any more. */
  sweep(): void {
    const { conversations, clock } = this.#parts
    for (const { state, session } of conversations.values()) {
      const silentMs = clock.monotonicMs() - (state.heardMs ?? 0)
      if (silentMs > Math.max(SILENT_MS, SILENT_INTERVALS * state.intervalMs)) {
        session.close(new FleetError('silent', `nothing was heard of ${state.hostname} for ${silentMs} ms`))
      }
    }
  }

  /** Resolves when nobody is served any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    const reason = new FleetError('closed', 'the server ends')
    for (const { session } of this.#parts.conversations.values()) session.close(reason)
    await Promise.allSettled(this.#serving)
  }

  async #serve(session: BoltSession): Promise<void> {
    const { index, conversations, logger } = this.#parts
    const peer = toHex(publicKeyOf(session.peer))
    const state = index.state(peer)
    if (state === undefined || this.#isClosed) {
      const why = this.#isClosed ? 'the server ends' : 'you are no envoy of this fleet'
      session.close(new FleetError('not-an-envoy', why))
      return
    }
    index.heard(state)
    const conversation = new Conversation(state, session)
    const before = conversations.add(conversation)
    before?.session.close(new FleetError('replaced', `${state.hostname} opened another stream`))
    try {
      await this.#converse(conversation)
    } catch (error) {
      this.#tell(conversation, error)
      session.close(error instanceof Error ? error : new Error(messageOf(error)))
    } finally {
      if (conversations.remove(conversation)) index.disconnected(state)
    }
    logger.debug('envoy-left', { host: state.hostname })
  }

  async #converse(conversation: Conversation): Promise<void> {
    const { index, clock } = this.#parts
    const { session, state } = conversation
    const allowance = this.#allowanceOf(state.peer)
    const debtMs = allowance.spend(STREAM_COST, clock.monotonicMs())
    if (debtMs > 0) await clock.sleep(debtMs, { signal: session.closed })
    const hello = await firstMessage(session)
    if (hello === null) return
    index.connected(state, hello.version)
    session.answerStill(() => this.#isStill(conversation, allowance))
    while (await this.#takeNext(conversation, allowance));
  }

  /** False after the last message. A function of its own, so that no message, with all its traits, is held while the next one is waited for. */
  async #takeNext(conversation: Conversation, allowance: Allowance): Promise<boolean> {
    const { index, clock } = this.#parts
    const { session, state } = conversation
    const message = await session.receive()
    if (message === null) return false
    index.heard(state)
    const waitMs = allowance.spend(costOf(message, session.receivedBytes), clock.monotonicMs())
    if (waitMs > 0) await clock.sleep(waitMs, { signal: session.closed })
    const more = await this.#take(conversation, message)
    if (more > 0) allowance.spend(more, clock.monotonicMs())
    return true
  }

  /** On the path of every check-in without news. False, and nothing was done: the loop of the conversation takes it. */
  #isStill(conversation: Conversation, allowance: Allowance): boolean {
    const { clock, desk, index } = this.#parts
    if (!desk.isStill(conversation) || !allowance.spendIfThere(costOf(STILL, 0), clock.monotonicMs())) return false
    index.heard(conversation.state)
    desk.saidStill(conversation)
    return true
  }

  /** What it costs the envoy beyond the message. */
  async #take(conversation: Conversation, message: FromEnvoy): Promise<number> {
    const { desk, reports, secrets, tasks } = this.#parts
    switch (message.type) {
      case 'check-in':
        await desk.checkIn(conversation, message)
        return 0
      case 'still':
        await desk.still(conversation)
        return 0
      case 'report':
        await reports.report(conversation, message.run)
        return 0
      case 'secrets':
        return (await secrets.answer(conversation, message)) ? DENIED_COST : 0
      case 'task-output':
      case 'task-done':
        tasks.receive(conversation, message)
        return 0
      case 'hello':
        throw new CheckinError('malformed', 'hello comes once, first')
    }
  }

  #allowanceOf(peer: string): Allowance {
    let allowance = this.#allowances.get(peer)
    if (allowance === undefined) {
      allowance = new Allowance({ burst: BURST, perSecond: PER_SECOND, nowMs: this.#parts.clock.monotonicMs() })
      this.#allowances.set(peer, allowance)
    }
    return allowance
  }

  /** A stream that breaks is nothing to tell; what an operator may have to look at is, once a minute for each envoy. */
  #tell({ state, session }: Conversation, error: unknown): void {
    const { logger } = this.#parts
    const isOrdinary = isAbort(error) || error instanceof HostError || error instanceof FleetError
    if (isOrdinary || (session.closed.aborted && !(error instanceof CheckinError))) return
    if (!this.#seldom.allows(state.peer)) return
    const fields = { host: state.hostname, reason: messageOf(error) }
    if (error instanceof CheckinError || error instanceof DeadlineError) logger.warn('conversation-ended', fields)
    else logger.error('conversation-failed', fields)
  }
}

async function firstMessage(session: BoltSession): Promise<Extract<FromEnvoy, { type: 'hello' }> | null> {
  using deadline = new Deadline(HELLO_WITHIN_MS, 'the first message of an envoy')
  const message = await session.receive({ signal: deadline.signal })
  if (message === null || message.type === 'hello') return message
  throw new CheckinError('malformed', `a conversation begins with hello, not with ${message.type}`)
}

function costOf(message: FromEnvoy, bytes: number): number {
  const base = message.type === 'secrets' ? SECRETS_COST : message.type === 'task-output' ? OUTPUT_COST : 1
  return base + bytes / BYTES_FOR_ONE
}
