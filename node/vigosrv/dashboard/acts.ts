import { formatSeverities, rollback, treeChecker } from '#config/publish'
import type { AuditEvent } from '#node/audit'
import { messageOf } from '#node/kit'
import { mayActAs, type Principal } from '../http/principal.ts'
import { DashboardError } from './errors.ts'
import type { DashboardParts } from './parts.ts'

/** What the forms do. Each act needs the role `operator`, and is in the audit log however it ends. */
export class Acts {
  readonly #parts: DashboardParts
  readonly #checker = treeChecker()

  constructor(parts: DashboardParts) {
    this.#parts = parts
  }

  /** Asks connected envoys to check in now; answers how many were told. */
  async push(by: Principal, peers: readonly string[], target: string): Promise<number> {
    return await this.#audited(by, 'envoy.push', target, async () =>
      this.#parts.fleet.push(peers, `asked by ${by.name}`),
    )
  }

  /**
   * Makes an old release live again, and loads it. Answers the number of the new entry.
   *
   * @throws DashboardError 'conflict', ReleaseError
   */
  async rollBack(by: Principal, request: { number: number; reason: string; signal: AbortSignal }): Promise<number> {
    const { number, reason, signal } = request
    return await this.#audited(by, 'config.rollback', `#${number}`, async () => {
      const { releases, policy } = this.#parts
      const result = await rollback({
        releases,
        checker: this.#checker,
        author: by.name,
        reason,
        to: String(number),
        signal,
      })
      if (result.outcome === 'invalid') {
        throw new DashboardError(
          'conflict',
          `release #${number} is not valid for this server any more (${formatSeverities(result.diagnostics)}); nothing was changed`,
        )
      }
      await policy.reload({ signal })
      return result.entry.number
    })
  }

  async promote(by: Principal): Promise<void> {
    await this.#audited(by, 'rollout.promote', 'canary', () =>
      this.#parts.rollout.promote({ by: by.name, reason: 'promoted on the dashboard' }),
    )
  }

  async stopCanary(by: Principal): Promise<void> {
    await this.#audited(by, 'rollout.stop', 'canary', () =>
      this.#parts.rollout.stop({ by: by.name, reason: 'stopped on the dashboard' }),
    )
  }

  /** The tasks write what they did into the audit log themselves. @throws TaskError 'unknown-run', 'already-ended' */
  async cancelTask(by: Principal, id: string): Promise<void> {
    if (!mayActAs(by, 'operator')) await this.#refuse(by, 'task.abort', id)
    await this.#parts.tasks.abort(id, { name: by.name, via: by.via })
  }

  async #refuse(by: Principal, action: string, target: string): Promise<never> {
    const { name: actor, via, role } = by
    await this.#parts.audit.append({ actor, via, action, target, outcome: 'refused', details: { role } })
    throw new DashboardError('forbidden', `the role '${role}' only reads; ask for a token of an operator`)
  }

  async #audited<Result>(by: Principal, action: string, target: string, act: () => Promise<Result>): Promise<Result> {
    const { audit } = this.#parts
    const event = (outcome: AuditEvent['outcome'], details: AuditEvent['details'] = {}): AuditEvent => ({
      actor: by.name,
      via: by.via,
      action,
      target,
      outcome,
      details,
    })
    if (!mayActAs(by, 'operator')) await this.#refuse(by, action, target)
    try {
      const result = await act()
      await audit.append(event('done'))
      return result
    } catch (error) {
      await audit.append(event('failed', { reason: messageOf(error).slice(0, 500) }))
      throw error
    }
  }
}
