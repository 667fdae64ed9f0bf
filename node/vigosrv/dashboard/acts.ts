import { formatSeverities, type TreeChecker, treeChecker } from '#config/publish'
import { mayActAs, type Principal } from '../http/principal.ts'
import { recorded } from '../rest/recorded.ts'
import { DashboardError } from './errors.ts'
import type { DashboardParts } from './parts.ts'

/** What the forms do. Each act needs the role `operator`, and is in the audit log however it ends. */
export class Acts {
  readonly #parts: DashboardParts
  readonly #checker: TreeChecker = treeChecker()

  constructor(parts: DashboardParts) {
    this.#parts = parts
  }

  /** Asks connected envoys to check in now; answers how many were told. */
  async push(by: Principal, peers: readonly string[], target: string): Promise<number> {
    await this.#allow(by, 'envoy.push', target)
    const { audit, fleet } = this.#parts
    const act = { action: 'envoy.push', target, details: { envoys: peers.length } }
    return await recorded(audit, by, act, async () => fleet.push(peers, `asked by ${by.name}`))
  }

  /**
   * Makes an old release live again, and loads it. Answers the number of the new entry.
   *
   * @throws DashboardError 'conflict', ReleaseError
   */
  async rollBack(by: Principal, request: { number: number; reason: string; signal: AbortSignal }): Promise<number> {
    const { number, reason, signal } = request
    await this.#allow(by, 'config.rollback', `#${number}`)
    const { audit, spanner, policy } = this.#parts
    const act = { action: 'config.rollback', target: `#${number}`, details: { reason } }
    const { entry } = await recorded(
      audit,
      by,
      act,
      async () => {
        const to = String(number)
        const result = await spanner.rollback({ checker: this.#checker, author: by.name, reason, to, signal })
        if (result.outcome === 'rolled-back') return result
        const found = formatSeverities(result.diagnostics)
        const message = `release #${number} is not valid for this server any more (${found}); nothing was changed`
        throw new DashboardError('conflict', message)
      },
      done => ({ target: done.entry.release, details: { number: done.entry.number } }),
    )
    await policy.reload({ signal })
    return entry.number
  }

  /** @throws RolloutError 'not-staged' */
  async promote(by: Principal): Promise<void> {
    await this.#allow(by, 'rollout.promote', '')
    const { audit, rollout } = this.#parts
    const reason = `${by.name} gave it to everybody on the dashboard`
    const act = { action: 'rollout.promote', target: '', details: { reason } }
    await recorded(audit, by, act, () => rollout.promote({ by: by.name, reason }))
  }

  /** @throws RolloutError 'not-staged' */
  async stopCanary(by: Principal): Promise<void> {
    await this.#allow(by, 'rollout.stop', '')
    const { audit, rollout } = this.#parts
    const reason = `${by.name} took it back on the dashboard`
    const act = { action: 'rollout.stop', target: '', details: { reason } }
    await recorded(audit, by, act, () => rollout.stop({ by: by.name, reason }))
  }

  /** Sends the envoys of a bolt to others, or lets them come back. @throws SpannerError 'standalone', 'unknown-bolt' */
  async drain(by: Principal, bolt: string, isDraining: boolean): Promise<void> {
    const action = isDraining ? 'bolt.drain' : 'bolt.undrain'
    await this.#allow(by, action, bolt)
    const { audit, spanner } = this.#parts
    await recorded(audit, by, { action, target: bolt }, () => spanner.setDraining(bolt, isDraining))
  }

  /** The tasks write what they did into the audit log themselves. @throws TaskError 'unknown-run', 'already-ended' */
  async cancelTask(by: Principal, id: string): Promise<void> {
    await this.#allow(by, 'task.abort', id)
    await this.#parts.tasks.abort(id, { name: by.name, via: by.via })
  }

  async #allow(by: Principal, action: string, target: string): Promise<void> {
    if (mayActAs(by, 'operator')) return
    const { name: actor, via, role } = by
    await this.#parts.audit.append({ actor, via, action, target, outcome: 'refused', details: { role } })
    throw new DashboardError('forbidden', `the role '${role}' only reads; ask for a token of an operator`)
  }
}
