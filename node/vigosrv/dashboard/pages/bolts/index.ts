import type { HistoryEntry } from '#config/store'
import type { BoltRow, SpannerStatus, StacksHead } from '#node/api'
import { mayActAs } from '../../../http/principal.ts'
import { type Html, html } from '../../html.ts'
import { noticeOf } from '../../notice.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { grouped } from '../../widgets/counted.ts'
import { postButton } from '../../widgets/post-button.ts'
import { releaseLink } from '../../widgets/release-name.ts'
import { type Column, table } from '../../widgets/table.ts'
import { ago, moment } from '../../widgets/time.ts'
import { boltWord, DRAINING, takeCommand } from './words.ts'

/** The servers that share one fleet and one configuration. */
export function boltsPage(visit: Visit): Page {
  return {
    title: 'Bolts',
    name: 'list',
    fragments: [
      { id: 'heading', render: () => heading(visit.parts.bolts.status) },
      { id: 'notice', isFixed: true, render: () => noticeOf(visit.url.searchParams) },
      { id: 'heads', render: () => heads(visit) },
      { id: 'bolts', render: () => list(visit) },
    ],
  }
}

function heading(status: SpannerStatus | null): Html {
  const what =
    status?.mode === 'spanner'
      ? html`Servers with one configuration. Each publishes, and follows what others publish.`
      : html`This server stands alone. <code>vigocli spanner init</code> makes it the first of several.`
  return html`<header id="heading"><h1>Bolts</h1><p class="muted">${what}</p></header>`
}

async function list(visit: Visit): Promise<Html> {
  const { parts } = visit
  const { status } = parts.bolts
  const entries = await parts.history.entries()
  return html`<section id="bolts" class="card" aria-label="Bolts">
${table({ caption: 'Servers of the fleet', rows: status?.bolts ?? [], empty: 'They are being asked.', columns: columnsOf(visit, entries) })}
</section>`
}

function columnsOf({ parts, principal, csrf }: Visit, entries: readonly HistoryEntry[]): Column<BoltRow>[] {
  const now = parts.clock.now()
  const mayDrain = mayActAs(principal, 'operator') && parts.bolts.status?.mode === 'spanner'
  return [
    {
      title: 'Bolt',
      isHeading: true,
      cell: ({ hostname, isSelf, isFounder, peer }) =>
        html`<span title="${peer}">${hostname}</span>${isSelf && html` <small class="muted">this server</small>`}${isFounder && html` <small class="muted">founder</small>`}`,
    },
    {
      title: 'State',
      cell: bolt => html`${badge(boltWord(bolt))}${bolt.isDraining && html` ${badge(DRAINING)}`}${problemOf(bolt)}`,
    },
    { title: 'Release', cell: ({ report }) => releaseLink(report?.release ?? null, entries) },
    {
      title: 'Behind since',
      cell: ({ peer }) => {
        const since = parts.bolts.behindSince(peer)
        return since === null ? html`<span class="muted">no</span>` : ago(since, now)
      },
    },
    { title: 'Hosts', cell: ({ patterns }) => hostsOf(patterns) },
    { title: 'Envoys', isNumber: true, cell: bolt => envoysOf(bolt) },
    { title: 'Program', cell: ({ report }) => programOf(report, now) },
    ...(mayDrain ? [{ title: 'Do', cell: (bolt: BoltRow) => drainButton(bolt, csrf) }] : []),
  ]
}

function problemOf({ follows, report }: BoltRow): Html | false {
  const problem = report?.problem ?? ''
  return !follows && problem !== '' && html`<span class="under">${problem}</span>`
}

function hostsOf(patterns: readonly string[]): Html {
  if (patterns.length === 0) return html`<span class="muted">of nobody else</span>`
  return html`${patterns.map(pattern => html`<code>${pattern}</code> `)}`
}

function envoysOf({ report, home }: BoltRow): Html {
  const should = grouped(home.envoys)
  return report === null
    ? html`<span title="that it should serve">${should}</span>`
    : html`<span title="connected, of those that it should serve">${grouped(report.envoys.connected)} of ${should}</span>`
}

function programOf(report: BoltRow['report'], now: number): Html {
  if (report === null) return html`<span class="muted">not known</span>`
  return html`${report.version}<span class="under">started ${ago(report.startedAt, now)}</span>`
}

function drainButton({ peer, isDraining, hostname }: BoltRow, csrf: string): Html {
  return postButton({
    csrf,
    action: `/bolts/${peer}/drain`,
    text: isDraining ? `Let envoys back to ${hostname}` : `Drain ${hostname}`,
    isDanger: !isDraining,
    fields: { draining: isDraining ? 'no' : 'yes' },
  })
}

/** Several ends of the history, and the command that ends it; an empty place when there is one. */
function heads({ parts }: Visit): Html {
  const { status } = parts.bolts
  if (status === null || status.state !== 'diverged') return html`<div id="heads"></div>`
  const all = status.heads
  const columns: Column<StacksHead>[] = [
    {
      title: 'Commit',
      isHeading: true,
      cell: ({ commit }) => html`<code title="${commit}">${commit.slice(0, 12)}</code>`,
    },
    { title: 'Published on', cell: ({ bolt }) => bolt },
    { title: 'When', cell: ({ time }) => (Number.isNaN(Date.parse(time)) ? time : moment(Date.parse(time))) },
    {
      title: 'By',
      cell: ({ author, reason }) =>
        html`<b>${author}</b>${reason !== '' && html`<span class="under">${reason}</span>`}`,
    },
    { title: 'Here', cell: ({ isHere }) => (isHere ? 'live' : html`<span class="muted">no</span>`) },
    { title: 'To take it', cell: head => html`<code>${takeCommand(head, all)}</code>` },
  ]
  return html`<section id="heads" class="card" aria-label="Heads"><h2>Published without seeing each other</h2>
<p class="problem-line">Each bolt goes on with what it has, and nothing can be published, until somebody takes one. The others stay in the history.</p>
${table({ caption: 'Ends of the history', rows: all, empty: 'Their commits are on their way here.', columns })}
</section>`
}
