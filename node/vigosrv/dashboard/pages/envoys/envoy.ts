import { shortHash } from '#config/store'
import type { EnvoyRow } from '../../../fleet/types.ts'
import { mayActAs } from '../../../http/principal.ts'
import { DashboardError } from '../../errors.ts'
import { type Html, html, joined } from '../../html.ts'
import { noticeOf } from '../../notice.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { facts } from '../../widgets/facts.ts'
import { icon } from '../../widgets/icon.ts'
import { postButton } from '../../widgets/post-button.ts'
import { releaseLink } from '../../widgets/release-name.ts'
import { runTable } from '../../widgets/run-table.ts'
import { ago } from '../../widgets/time.ts'
import { DRIFT_WORDS, REACHABILITY_WORDS, STATUS_WORDS } from '../../widgets/words.ts'
import { resourcesPanel } from './resources-panel.ts'
import { traitsPanel } from './traits-panel.ts'

const RUNS_SHOWN = 12

/** @throws DashboardError 'not-found' */
export function envoyPage(visit: Visit): Page {
  const { parts, params, url } = visit
  const { peer, hostname } = rowOf(visit, params['peer'] ?? '')
  return {
    title: hostname,
    name: 'envoy',
    wakesOn: event => (event.type !== 'envoy' && event.type !== 'run') || event.row.peer === peer,
    fragments: [
      { id: 'envoy', render: () => summary(visit, rowOf(visit, peer)) },
      { id: 'notice', isFixed: true, render: () => noticeOf(url.searchParams) },
      { id: 'resources', render: () => resourcesPanel(visit, rowOf(visit, peer)) },
      { id: 'runs', render: () => lastRuns(visit, peer) },
      { id: 'traits', isFixed: true, render: async () => traitsPanel(await parts.fleet.traits(peer)) },
    ],
  }
}

/** @throws DashboardError 'not-found' */
export function rowOf({ parts }: Visit, reference: string): EnvoyRow {
  try {
    return parts.fleet.find(reference)
  } catch (error) {
    throw new DashboardError('not-found', `there is no envoy '${reference.slice(0, 100)}'; it may have been revoked`, {
      cause: error,
    })
  }
}

async function summary(visit: Visit, row: EnvoyRow): Promise<Html> {
  const { parts, principal, csrf } = visit
  const { peer, hostname, platform, version, environment, entry, bundle, lastSeenAt, isConnected, problem } = row
  const entries = await parts.history.entries()
  const now = parts.clock.now()
  return html`<section id="envoy" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/envoys">Envoys</a></nav>
<h1>${hostname}</h1>
<p class="badges">${badge(STATUS_WORDS[row.status])} ${badge(DRIFT_WORDS[row.drift])} ${badge(REACHABILITY_WORDS[row.reachability])}</p>
${problem !== '' && html`<p class="problem-line" role="alert">${icon('warning')} It gets no new bundle: ${problem}</p>`}
${facts([
  ['Should have', releaseLink(row.wantedRelease, entries)],
  ['Last ran', releaseLink(row.release, entries)],
  ['Seen', html`${ago(lastSeenAt, now)}${isConnected ? ', connected' : ', not connected'}`],
  ['Entry', entry === null ? null : html`<code>${entry}</code>`],
  ['Environment', environment],
  [
    'Crates',
    row.crates.length === 0
      ? null
      : joined(
          row.crates.map(crate => html`<code>${crate}</code>`),
          ' ',
        ),
  ],
  ['Platform', platform === '' ? null : platform],
  ['Agent', version === '' ? null : version],
  ['Bundle', bundle === null ? null : html`<code title="${bundle}">${shortHash(bundle)}</code>`],
  ['Key', html`<code class="key">${peer}</code>`],
])}
${
  mayActAs(principal, 'operator') &&
  html`<div class="actions">${postButton({ csrf, action: `/envoys/${peer}/push`, text: 'Ask it to check in now' })}</div>`
}
</section>`
}

async function lastRuns({ parts }: Visit, peer: string): Promise<Html> {
  const runs = await parts.fleet.runs(peer, { limit: RUNS_SHOWN })
  const rows = runs.map(({ run: _run, ...summary }) => ({ peer, hostname: null, run: summary }))
  return html`<section id="runs" class="card"><h2>Last runs</h2>
${runTable({ rows, entries: await parts.history.entries(), now: parts.clock.now(), empty: 'It has reported no run yet.' })}
</section>`
}
