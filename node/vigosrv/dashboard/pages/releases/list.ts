import type { HistoryEntry } from '#config/store'
import { type Html, html } from '../../html.ts'
import { noticeOf } from '../../notice.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { pageOf, pager } from '../../widgets/pager.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import type { Word } from '../../widgets/words.ts'

const PAGE_SIZE = 30

export function releasesPage(visit: Visit): Page {
  return {
    title: 'Releases',
    name: 'list',
    fragments: [
      { id: 'heading', isFixed: true, render: () => html`<h1 id="heading">Releases</h1>` },
      { id: 'notice', isFixed: true, render: () => noticeOf(visit.url.searchParams) },
      { id: 'state', render: () => state(visit) },
      { id: 'releases', render: () => list(visit) },
    ],
  }
}

/** What an operator should know about publishing itself: a freeze, warnings. */
async function state({ parts }: Visit): Promise<Html> {
  const { freeze, warnings } = await parts.releases.status()
  const now = parts.clock.now()
  return html`<div id="state">${
    freeze !== null &&
    html`<p class="problem-line">Publishing is frozen by <b>${freeze.author}</b> until ${ago(Date.parse(freeze.until), now)}${freeze.reason !== '' && html`: ${freeze.reason}`}</p>`
  }${warnings.map(warning => html`<p class="problem-line">${warning}</p>`)}</div>`
}

async function list({ parts, url }: Visit): Promise<Html> {
  const { entries, damaged } = await parts.releases.history()
  const page = pageOf(entries, url.searchParams.get('page'), PAGE_SIZE)
  const { releases } = parts.fleet.counts()
  const now = parts.clock.now()
  return html`<section id="releases" class="card" aria-label="Releases">
${table({
  caption: 'Releases, the newest first',
  rows: page.rows,
  empty: html`Nothing was published yet. Write configuration below <code>/srv/vigo/stacks</code> and run <code>vigocli config publish</code>.`,
  columns: [
    { title: 'Release', isHeading: true, cell: entry => nameCell(entry, entries, parts.policy.release) },
    {
      title: 'Published',
      cell: entry => html`<b>${entry.author}</b> <span class="under">${ago(Date.parse(entry.time), now)}</span>`,
    },
    { title: 'Reason', cell: entry => reasonCell(entry) },
    { title: 'Files', cell: entry => changesCell(entry) },
    {
      title: 'Envoys',
      isNumber: true,
      cell: ({ release, number }) =>
        newest(entries, release)?.number === number
          ? html`<a href="/envoys?release=${release}">${grouped(releases[release] ?? 0)}</a>`
          : html`<span class="muted" title="the same files as #${newest(entries, release)?.number}">–</span>`,
    },
  ],
})}
${pager(page, url, 'releases')}
${damaged.length > 0 && html`<p class="muted">${counted(damaged.length, 'entry', 'entries')} of the history cannot be read.</p>`}
</section>`
}

function newest(entries: readonly HistoryEntry[], hash: string): HistoryEntry | undefined {
  return entries.find(({ release }) => release === hash)
}

export const LIVE: Word = { tone: 'good', icon: 'check', text: 'Live', meaning: 'what hosts get' }
const TAKEN_BACK: Word = {
  tone: 'bad',
  icon: 'back',
  text: 'Rolled back',
  meaning: 'the release after it took it back',
}

/** Live, taken back by the entry after it, or nothing to say. */
export function standingOf(entry: HistoryEntry, entries: readonly HistoryEntry[], live: string | null): Word | null {
  if (entry.release === live && newest(entries, entry.release)?.number === entry.number) return LIVE
  const after = entries.findLast(({ number }) => number > entry.number)
  return after?.kind === 'rollback' && after.basedOn === entry.release ? TAKEN_BACK : null
}

function nameCell(entry: HistoryEntry, entries: readonly HistoryEntry[], live: string | null): Html {
  const standing = standingOf(entry, entries, live)
  return html`<a href="/releases/${entry.number}">#${entry.number}</a> <code class="muted" title="${entry.release}">${entry.release.slice(0, 12)}</code>${standing !== null && html` ${badge(standing)}`}`
}

function reasonCell({ kind, restores, reason }: HistoryEntry): Html {
  return html`${kind === 'rollback' && html`<span class="tag">roll back to #${restores}</span> `}${kind === 'promote' && html`<span class="tag">promote</span> `}${reason === '' ? html`<span class="muted">none given</span>` : reason}`
}

function changesCell({ changes: { added, changed, removed } }: HistoryEntry): Html {
  return html`<span class="nowrap" title="added, changed, removed">+${grouped(added)} ~${grouped(changed)} −${grouped(removed)}</span>`
}
