import type { FromBolt, Run } from '#node/checkin'
import type { Clock, Logger } from '#node/kit'
import type { Conversation } from './conversation.ts'
import type { RunLog } from './run-log.ts'
import { Seldom } from './seldom.ts'

/** A clock that is off by more is told of. */
const CLOCK_TOLERANCE_MS = 24 * 3600e3

/** Takes reports of envoys about themselves. */
export class ReportDesk {
  readonly #runs: RunLog
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #seldom: Seldom

  constructor(options: { runs: RunLog; clock: Clock; logger: Logger }) {
    this.#runs = options.runs
    this.#clock = options.clock
    this.#logger = options.logger
    this.#seldom = new Seldom(options.clock)
  }

  /** Acknowledges what is on disk, and what will never count, so that the envoy does not repeat it. @throws HostError, FleetError 'not-stored' */
  async report({ state, session }: Conversation, run: Run): Promise<void> {
    const { hostname } = state
    if (!state.wasGiven(run)) {
      const { id, release, bundle } = run
      this.#warn('report-refused', { host: hostname, run: id, release, bundle }, 'it was never given that bundle')
      const problem = 'this server never gave you that bundle for that release'
      await session.send({ type: 'report-stored', run: id, problem } satisfies FromBolt)
      return
    }
    const aheadMs = run.startedAt - this.#clock.now()
    if (aheadMs > CLOCK_TOLERANCE_MS) this.#warn('clock-off', { host: hostname, aheadMs }, 'its clock is wrong')
    await this.#runs.append(state, run)
    await session.send({ type: 'report-stored', run: run.id } satisfies FromBolt)
  }

  #warn(event: string, fields: { readonly host: string; readonly [name: string]: unknown }, message: string): void {
    if (this.#seldom.allows(`${event} ${fields.host}`)) this.#logger.warn(event, fields, message)
  }
}
