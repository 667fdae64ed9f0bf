import { outcomeOf } from '#node/checkin'
import type { EnvoyRow } from '../../../fleet/types.ts'
import { type Html, html } from '../../html.ts'
import type { DashboardParts } from '../../parts.ts'
import { firstFailure } from '../../story/failures.ts'
import { badge } from '../../widgets/badge.ts'
import { grouped } from '../../widgets/counted.ts'
import { ago } from '../../widgets/time.ts'
import { DRIFT_WORDS, OUTCOME_WORDS, REACHABILITY_WORDS, STATUS_WORDS, type Word } from '../../widgets/words.ts'

const MAX_SHOWN = 8

/** The envoys that somebody should look at, worst first, each with what is wrong. */
export async function attention({ fleet, clock }: DashboardParts): Promise<Html> {
  const now = clock.now()
  const all = fleet.rows().flatMap(row => {
    const rank = rankOf(row)
    return rank === 0 ? [] : [{ row, rank }]
  })
  const worst = all.toSorted((a, b) => b.rank - a.rank).slice(0, MAX_SHOWN)
  const items: Html[] = []
  for (const { row } of worst) items.push(item(row, await reasonOf(row, fleet), now))
  const more = all.length - worst.length
  return html`<section id="attention" class="card attention"><h2>Needs attention${all.length > 0 && html` <small>${grouped(all.length)}</small>`}</h2>
${items.length === 0 ? html`<p class="empty">Nothing. Every envoy that reported is well.</p>` : html`<ul class="lines">${items}</ul>`}
${more > 0 && html`<p><a href="/envoys?sort=worst">All ${grouped(all.length)} envoys, worst first</a></p>`}</section>`
}

/** 0: nothing to look at. */
export function rankOf({ status, drift, reachability, problem }: EnvoyRow): number {
  if (status === 'failed') return 5
  if (problem !== '') return 4
  if (status === 'degraded') return 3
  if (reachability === 'stale') return 2
  return drift === 'diverged' ? 1 : 0
}

function wordOf({ status, reachability, problem }: EnvoyRow): Word {
  if (status === 'failed') return STATUS_WORDS.failed
  if (problem !== '') return { ...STATUS_WORDS.failed, text: 'No bundle', meaning: 'it gets no new bundle' }
  if (status === 'degraded') return STATUS_WORDS.degraded
  return reachability === 'stale' ? REACHABILITY_WORDS.stale : DRIFT_WORDS.diverged
}

async function reasonOf(row: EnvoyRow, fleet: DashboardParts['fleet']): Promise<Html | string> {
  const { status, problem, lastRun, peer, reachability } = row
  if (lastRun !== null && (status === 'failed' || (status === 'degraded' && problem === ''))) {
    const stored = await fleet.run(peer, lastRun.id)
    const failure = stored === null ? null : firstFailure(stored.run)
    if (failure !== null) return html`<code>${failure.resource}</code> ${failure.message}`
    if (stored !== null) return OUTCOME_WORDS[outcomeOf(stored.run)].meaning
  }
  if (problem !== '') return problem
  return reachability === 'stale' ? REACHABILITY_WORDS.stale.meaning : DRIFT_WORDS.diverged.meaning
}

function item(row: EnvoyRow, reason: Html | string, now: number): Html {
  return html`<li><span class="line-sign">${badge(wordOf(row))}</span><a class="line-name" href="/envoys/${row.peer}">${row.hostname}</a>
<span class="line-text">${reason}</span><span class="line-time">${ago(row.lastSeenAt, now)}</span></li>`
}
