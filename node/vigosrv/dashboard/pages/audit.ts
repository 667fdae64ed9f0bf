import type { AuditEntry } from '#node/audit'
import { type Html, html } from '../html.ts'
import type { Page, Visit } from '../page.ts'
import { badge } from '../widgets/badge.ts'
import { table } from '../widgets/table.ts'
import { moment } from '../widgets/time.ts'
import { AUDIT_WORDS } from '../widgets/words.ts'

const PAGE_SIZE = 100

export function auditPage(visit: Visit): Page {
  return {
    title: 'Audit',
    name: 'list',
    fragments: [
      {
        id: 'heading',
        isFixed: true,
        render: () =>
          html`<header id="heading"><h1>Audit</h1><p class="muted">Every privileged act, each entry chained to the one before. <code>vigocli audit verify</code> checks the chain.</p></header>`,
      },
      { id: 'audit', render: () => list(visit) },
    ],
  }
}

async function list({ parts, url }: Visit): Promise<Html> {
  const asked = url.searchParams.get('before') ?? ''
  const before = /^[0-9]{1,15}$/.test(asked) ? Number(asked) : null
  const rows = await parts.audit.read({ limit: PAGE_SIZE, ...(before === null ? {} : { before }) })
  const last = rows.at(-1)
  return html`<section id="audit" class="card" aria-label="Audit log">
${table({
  caption: 'Privileged acts, the newest first',
  rows,
  empty: before === null ? 'Nothing was done yet that needs a right.' : 'There is nothing before that.',
  columns: [
    { title: 'Entry', isHeading: true, cell: ({ seq, hash }) => html`<span title="${hash}">${seq}</span>` },
    { title: 'When', cell: ({ at }) => moment(Date.parse(at)) },
    { title: 'Who', cell: ({ actor, via }) => html`<b>${actor}</b> <span class="muted">${via}</span>` },
    { title: 'Did', cell: ({ action }) => html`<code>${action}</code>` },
    { title: 'To', cell: ({ target }) => target },
    { title: 'Outcome', cell: ({ outcome }) => badge(AUDIT_WORDS[outcome]) },
    { title: 'Details', cell: entry => detailsOf(entry) },
  ],
})}
<p class="pager">${before !== null && html`<a class="button" href="/audit">Newest</a> `}${last !== undefined && last.seq > 1 && rows.length === PAGE_SIZE && html`<a class="button" href="/audit?before=${last.seq}">Older ›</a>`}</p>
</section>`
}

function detailsOf({ details }: AuditEntry): Html {
  return html`${Object.entries(details).map(([name, value]) => html`<span class="detail"><span class="muted">${name}</span> ${String(value)}</span> `)}`
}
