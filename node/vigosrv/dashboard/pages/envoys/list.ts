import type { HistoryEntry } from '#config/store'
import { DRIFTS, type EnvoyRow, FLEET_STATUSES, REACHABILITIES } from '../../../fleet/types.ts'
import { mayActAs } from '../../../http/principal.ts'
import { type Html, html } from '../../html.ts'
import { noticeOf } from '../../notice.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted } from '../../widgets/counted.ts'
import { pageOf, pager } from '../../widgets/pager.ts'
import { postButton } from '../../widgets/post-button.ts'
import { releaseLink, releaseText } from '../../widgets/release-name.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import { DRIFT_WORDS, REACHABILITY_WORDS, STATUS_WORDS, type Word } from '../../widgets/words.ts'
import { type EnvoyFilter, envoysMatching, filterOf, isFiltered } from './filter.ts'

const PAGE_SIZE = 50
const MAX_RELEASES = 12

export function envoysPage(visit: Visit): Page {
  const filter = filterOf(visit.url.searchParams)
  return {
    title: 'Envoys',
    name: 'list',
    fragments: [
      { id: 'heading', isFixed: true, render: () => html`<h1 id="heading">Envoys</h1>` },
      { id: 'notice', isFixed: true, render: () => noticeOf(visit.url.searchParams) },
      { id: 'filter', isFixed: true, render: () => filterForm(visit, filter) },
      { id: 'envoys', render: () => list(visit, filter) },
    ],
  }
}

async function list(visit: Visit, filter: EnvoyFilter): Promise<Html> {
  const { parts, url } = visit
  const rows = parts.fleet.rows()
  const found = envoysMatching(rows, filter)
  const page = pageOf(found, url.searchParams.get('page'), PAGE_SIZE)
  const entries = await parts.history.entries()
  const now = parts.clock.now()
  return html`<section id="envoys" class="card" aria-label="Envoys">
${table({
  caption: 'Envoys and how they are',
  rows: page.rows,
  empty:
    rows.length === 0
      ? html`No envoy is enrolled yet. Mint a join URL with <code>vigosrv token create</code>.`
      : html`No envoy matches. <a href="/envoys">Show all ${counted(rows.length, 'envoy')}</a>`,
  columns: [
    { title: 'Host', isHeading: true, cell: row => hostCell(row) },
    { title: 'Status', isPlain: true, cell: row => badge(STATUS_WORDS[row.status]) },
    { title: 'Drift', isPlain: true, cell: row => badge(DRIFT_WORDS[row.drift]) },
    { title: 'Reachability', isPlain: true, cell: row => badge(REACHABILITY_WORDS[row.reachability]) },
    { title: 'Last ran', isPlain: true, cell: row => releaseCell(row, entries) },
    { title: 'Seen', isNumber: true, isPlain: true, cell: row => ago(row.lastSeenAt, now) },
  ],
})}
${pager(page, url, 'envoys')}
${page.total > 0 && pushForm(visit, filter, page.total)}
</section>`
}

function hostCell({ peer, hostname, platform, environment, problem }: EnvoyRow): Html {
  const about = [platform, environment].filter(text => text !== null && text !== '').join(' · ')
  return html`<a href="/envoys/${peer}">${hostname}</a><span class="under">${about}</span>${problem !== '' && html`<span class="under is-bad">${problem}</span>`}`
}

function releaseCell({ release, wantedRelease }: EnvoyRow, entries: readonly HistoryEntry[]): Html {
  const isBehind = wantedRelease !== null && release !== wantedRelease
  return html`${releaseLink(release, entries)}${isBehind && html`<span class="under">should have ${releaseText(wantedRelease, entries)}</span>`}`
}

async function filterForm({ parts }: Visit, filter: EnvoyFilter): Promise<Html> {
  const entries = await parts.history.entries()
  const counts = parts.fleet.counts()
  const releases = Object.entries(counts.releases)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_RELEASES)
    .map(([hash]) => hash)
    .filter(hash => hash !== '')
  const known = filter.release === null || releases.includes(filter.release) ? releases : [filter.release, ...releases]
  return html`<form id="filter" class="filter" method="get" action="/envoys" role="search" aria-label="Envoys">
<label class="grow"><span>Search</span><input type="search" name="q" value="${filter.search}" maxlength="253" placeholder="host, crate, environment or key"></label>
${select('status', 'Status', FLEET_STATUSES, filter.status, state => `${STATUS_WORDS[state].text} (${counts.status[state]})`)}
${select('drift', 'Drift', DRIFTS, filter.drift, state => `${DRIFT_WORDS[state].text} (${counts.drift[state]})`)}
${select('reach', 'Reachability', REACHABILITIES, filter.reach, state => `${REACHABILITY_WORDS[state].text} (${counts.reachability[state]})`)}
${select('release', 'Last ran', known, filter.release, hash => `${releaseText(hash, entries)} (${counts.releases[hash] ?? 0})`)}
<label><span>Order</span><select name="sort">${option('name', 'by name', filter.sort)}${option('worst', 'worst first', filter.sort)}${option('seen', 'last seen', filter.sort)}</select></label>
<span class="filter-buttons"><button class="button is-main">Show</button>${isFiltered(filter) && html` <a class="button" href="/envoys">Clear</a>`}</span>
</form>`
}

function select<Value extends string>(
  name: string,
  title: string,
  values: readonly Value[],
  chosen: Value | null,
  text: (value: Value) => Word['text'],
): Html {
  return html`<label><span>${title}</span><select name="${name}">${option('', 'any', chosen ?? '')}${values.map(value => option(value, text(value), chosen ?? ''))}</select></label>`
}

function option(value: string, text: string, chosen: string): Html {
  return value === chosen
    ? html`<option value="${value}" selected>${text}</option>`
    : html`<option value="${value}">${text}</option>`
}

function pushForm({ principal, csrf, url }: Visit, filter: EnvoyFilter, count: number): Html | false {
  if (!mayActAs(principal, 'operator')) return false
  const text = isFiltered(filter) ? `Ask these ${count} to check in now` : `Ask all ${count} to check in now`
  const fields = Object.fromEntries(
    [...url.searchParams].filter(([name]) => ['q', 'status', 'drift', 'reach', 'release'].includes(name)),
  )
  return html`<div class="actions">${postButton({ csrf, action: '/envoys/push', text, fields })}</div>`
}
