import type { EnvoyRow, RunSummary } from '../../fleet/types.ts'
import { type Html, html } from '../html.ts'
import type { Page, Visit } from '../page.ts'
import { grouped } from '../widgets/counted.ts'
import { icon } from '../widgets/icon.ts'
import { pageOf, pager } from '../widgets/pager.ts'
import { runTable } from '../widgets/run-table.ts'
import { OUTCOME_WORDS } from '../widgets/words.ts'

const PAGE_SIZE = 50
const OUTCOMES = ['failed', 'degraded', 'changed', 'converged'] as const

interface LastRun {
  readonly row: EnvoyRow
  readonly run: RunSummary
}

/** The last run of every envoy, the newest first. Older ones are on the envoy's page. */
export function runsPage(visit: Visit): Page {
  return {
    title: 'Runs',
    name: 'list',
    wakesOn: event => event.type === 'run',
    fragments: [
      {
        id: 'heading',
        isFixed: true,
        render: () =>
          html`<header id="heading"><h1>Runs</h1><p class="muted">The last run of every envoy, the newest first.</p></header>`,
      },
      { id: 'run-list', render: () => list(visit) },
    ],
  }
}

async function list({ parts, url }: Visit): Promise<Html> {
  const all = parts.fleet.rows().flatMap((row): LastRun[] => (row.lastRun === null ? [] : [{ row, run: row.lastRun }]))
  const wanted = OUTCOMES.find(outcome => outcome === url.searchParams.get('outcome')) ?? null
  const found = all
    .filter(({ run }) => wanted === null || run.outcome === wanted)
    .toSorted((a, b) => b.run.receivedAt - a.run.receivedAt)
  const page = pageOf(found, url.searchParams.get('page'), PAGE_SIZE)
  const rows = page.rows.map(({ row, run }) => ({ peer: row.peer, hostname: row.hostname, run }))
  return html`<section id="run-list">
<nav class="tabs" aria-label="Outcome"><ul>${tab(null, all.length, wanted)}${OUTCOMES.map(outcome =>
    tab(outcome, all.filter(({ run }) => run.outcome === outcome).length, wanted),
  )}</ul></nav>
<div class="card">
${runTable({
  rows,
  entries: await parts.history.entries(),
  now: parts.clock.now(),
  empty:
    wanted === null
      ? 'No envoy has reported a run yet.'
      : `No last run is ${OUTCOME_WORDS[wanted].text.toLowerCase()}.`,
})}
${pager(page, url, 'runs')}
</div></section>`
}

function tab(outcome: (typeof OUTCOMES)[number] | null, count: number, wanted: typeof outcome): Html {
  const text = outcome === null ? 'All' : html`${icon(OUTCOME_WORDS[outcome].icon)} ${OUTCOME_WORDS[outcome].text}`
  const href = outcome === null ? '/runs' : `/runs?outcome=${outcome}`
  const content = html`${text} <b>${grouped(count)}</b>`
  return outcome === wanted
    ? html`<li><a href="${href}" aria-current="true">${content}</a></li>`
    : html`<li><a href="${href}">${content}</a></li>`
}
