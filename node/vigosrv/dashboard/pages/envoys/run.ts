import { shortHash } from '#config/store'
import { formatDuration } from '#node/kit'
import { DashboardError } from '../../errors.ts'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted } from '../../widgets/counted.ts'
import { facts } from '../../widgets/facts.ts'
import { releaseLink } from '../../widgets/release-name.ts'
import { resultDetails } from '../../widgets/resource-result.ts'
import { stateCounts } from '../../widgets/state-counts.ts'
import { moment } from '../../widgets/time.ts'
import { OUTCOME_WORDS, RESOURCE_WORDS } from '../../widgets/words.ts'
import { rowOf } from './envoy.ts'

/** One run, which never changes. @throws DashboardError 'not-found' */
export function runPage(visit: Visit): Page {
  const { peer, hostname } = rowOf(visit, visit.params['peer'] ?? '')
  const id = visit.params['run'] ?? ''
  return {
    title: `Run on ${hostname}`,
    name: 'run',
    wakesOn: () => false,
    fragments: [{ id: 'run', isFixed: true, render: () => run(visit, peer, hostname, id) }],
  }
}

async function run({ parts }: Visit, peer: string, hostname: string, id: string): Promise<Html> {
  const stored = /^[0-9a-f]{32}$/.test(id) ? await parts.fleet.run(peer, id) : null
  if (stored === null)
    throw new DashboardError('not-found', `${hostname} has no such run; old ones are removed after a while`)
  const { outcome, receivedAt, startedAt, durationMs, counts, mode, offline, run: whole } = stored
  const { results, resultsLeftOut, bundle } = whole
  return html`<section id="run" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/envoys">Envoys</a> / <a href="/envoys/${peer}">${hostname}</a></nav>
<h1>Run on ${hostname}</h1>
<p class="badges">${badge(OUTCOME_WORDS[outcome])} ${stateCounts(counts)}</p>
${facts([
  ['Release', releaseLink(stored.release, await parts.history.entries())],
  ['Reported', moment(receivedAt)],
  ['Started', html`${moment(startedAt)} <span class="muted">by the envoy's clock</span>`],
  ['Took', formatDuration(durationMs)],
  ['Mode', mode === 'dry-run' ? 'dry run: nothing was changed' : 'enforce'],
  ['Ended', whole.outcome === 'interrupted' ? 'interrupted: the agent was ended in the middle' : null],
  ['Server', offline ? 'none answered; it used the bundle that it had kept' : null],
  ['Bundle', html`<code title="${bundle}">${shortHash(bundle)}</code>`],
  ['Id', html`<code class="key">${id}</code>`],
])}
<div class="card"><h2>What was not as it should be</h2>
${results.length === 0 && html`<p class="empty">Nothing: every resource was compliant or had nothing to do.</p>`}
<ul class="resource-list">${results.map(
    result =>
      html`<li class="resource is-${RESOURCE_WORDS[result.state].tone}"><div class="resource-line">${badge(RESOURCE_WORDS[result.state])}<span class="resource-name"><a href="/envoys/${peer}/resource?id=${encodeURIComponent(result.id)}">${result.id}</a> <span class="type">${result.type}</span></span><span class="place muted">${formatDuration(result.durationMs)}</span></div><div class="resource-more">${resultDetails(result)}</div></li>`,
  )}</ul>
${resultsLeftOut > 0 && html`<p class="muted">… and ${counted(resultsLeftOut, 'more result')} that did not fit into the report</p>`}
</div>
</section>`
}
