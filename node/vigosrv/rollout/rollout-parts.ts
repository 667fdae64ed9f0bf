import type { Level } from 'level'
import type { MonitorSettings, TreeChecker } from '#config/publish'
import type { ReleaseHash, Releases } from '#config/store'
import type { Audit, AuditEvent } from '#node/audit'
import { type Clock, type Logger, messageOf } from '#node/kit'
import type { EnvoyRow, FleetControl, FleetView } from '../fleet/types.ts'
import type { Policy } from '../policy/types.ts'
import type { Publishing } from '../spanner/types.ts'
import { MONITOR_AUTHOR, takeBack } from './take-back.ts'

/** Between two attempts of a rollback that did not work. */
const RETRY_MS = 30_000

export interface RolloutOptions {
  readonly db: Level
  readonly clock: Clock
  readonly logger: Logger
  readonly releases: Releases
  /** How a release is taken back; asked when one is. */
  readonly publishing: () => Pick<Publishing, 'rollback'>
  /** Whether a release is judged on this server; default: every one. */
  readonly judges?: (release: ReleaseHash) => boolean
  readonly policy: Policy
  readonly fleet: Pick<FleetView, 'rows' | 'onEvent'> & FleetControl
  readonly audit: Audit
  /** Asked anew for each release. */
  readonly settings: () => MonitorSettings
  readonly checker?: TreeChecker
  /** Called after each change of what `status` answers. */
  readonly onChange?: () => void
  readonly tickMs?: number
}

/** What the machine does by itself to releases: takes them back, says so, and tries again what did not work. */
export class Takebacks {
  readonly #options: RolloutOptions
  readonly #checker: TreeChecker
  readonly #signal: AbortSignal
  #retryAt = 0
  #lastFault = ''

  constructor(options: RolloutOptions, checker: TreeChecker, signal: AbortSignal) {
    this.#options = options
    this.#checker = checker
    this.#signal = signal
  }

  /** False for a while after something did not work. */
  get mayTry(): boolean {
    return this.#options.clock.now() >= this.#retryAt
  }

  /** @throws as `takeBack` */
  async take(release: ReleaseHash, to: ReleaseHash, author: string, reason: string): Promise<void> {
    const { releases, publishing } = this.#options
    await takeBack({
      releases,
      publishing: publishing(),
      checker: this.#checker,
      release,
      to,
      author,
      reason,
      signal: this.#signal,
    })
    this.#lastFault = ''
  }

  async note(
    action: string,
    target: ReleaseHash,
    details: Readonly<Record<string, string>>,
    outcome: AuditEvent['outcome'] = 'done',
  ): Promise<void> {
    await this.#options.audit.append({ actor: MONITOR_AUTHOR, via: 'system', action, target, outcome, details })
  }

  /** Says it once. */
  async failed(action: string, release: ReleaseHash, error: unknown): Promise<void> {
    this.#retryAt = this.#options.clock.now() + RETRY_MS
    const message = messageOf(error)
    if (message === this.#lastFault) return
    this.#lastFault = message
    const advice = 'roll back by hand, or publish a mended release'
    this.#options.logger.error('not-rolled-back', { action, release, error }, advice)
    await this.note(action, release, { reason: message }, 'failed')
  }
}

export function peersOf(rows: readonly EnvoyRow[], hosts: readonly string[]): string[] {
  const wanted = new Set(hosts)
  return rows.flatMap(({ hostname, peer }) => (wanted.has(hostname) ? [peer] : []))
}
