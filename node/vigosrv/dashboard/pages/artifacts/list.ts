import type { Artifact } from '#curator/catalog'
import { formatDuration, formatSize } from '#node/kit'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { pageOf, pager } from '../../widgets/pager.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'

const PAGE_SIZE = 50
const MAX_TAGS = 6

export function artifactsPage(visit: Visit): Page {
  const search = (visit.url.searchParams.get('q') ?? '').trim().slice(0, 200)
  return {
    title: 'Artifacts',
    name: 'list',
    fragments: [
      { id: 'heading', isFixed: true, render: () => html`<h1 id="heading">Artifacts</h1>` },
      { id: 'filter', isFixed: true, render: () => searchForm(search) },
      { id: 'artifacts', render: () => list(visit, search) },
      { id: 'transfers', render: () => transfers(visit) },
    ],
  }
}

function searchForm(search: string): Html {
  return html`<form id="filter" class="filter" method="get" action="/artifacts" role="search" aria-label="Artifacts"><label class="grow"><span>Search</span><input type="search" name="q" value="${search}" maxlength="200" placeholder="name, tag or target"></label><span class="filter-buttons"><button class="button is-main">Show</button>${search !== '' && html` <a class="button" href="/artifacts">Clear</a>`}</span></form>`
}

interface Named {
  readonly artifact: Artifact
  readonly name: string
}

async function list({ parts, url }: Visit, search: string): Promise<Html> {
  const { swarm, clock } = parts
  const wanted = search.toLowerCase()
  const living = swarm.artifacts().filter(({ view }) => !view.tombstone)
  const named = living
    .map((artifact): Named => ({ artifact, name: swarm.nameOf(artifact) }))
    .filter(({ name, artifact: { view } }) =>
      [name, view.target, view.kind, ...Object.keys(view.tags)].some(text => text.toLowerCase().includes(wanted)),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const page = pageOf(named, url.searchParams.get('page'), PAGE_SIZE)
  const { blobs, bytes } = await swarm.usage()
  const now = clock.now()
  return html`<section id="artifacts" class="card" aria-label="Artifacts">
<p class="muted">${counted(living.length, 'artifact')} in the catalog; this server holds ${counted(blobs, 'blob')}, ${formatSize(bytes)}.</p>
${table({
  caption: 'Artifacts by name',
  rows: page.rows,
  empty:
    living.length === 0
      ? html`Nothing is published yet. On an envoy: <code>vigo swarm curator push FILE NAME:VERSION</code>.`
      : html`No artifact matches. <a href="/artifacts">Show all</a>`,
  columns: [
    {
      title: 'Artifact',
      isHeading: true,
      cell: ({ artifact, name }) =>
        html`<a href="/artifacts/${artifact.id}">${name}</a><span class="under">${artifact.view.kind}</span>`,
    },
    { title: 'Tags', cell: ({ artifact }) => tagsOf(artifact) },
    { title: 'Versions', isNumber: true, cell: ({ artifact: { view } }) => grouped(Object.keys(view.versions).length) },
    {
      title: 'Kept by',
      cell: ({ artifact: { view } }) =>
        view.target === '' ? html`<span class="muted">who pulls it</span>` : html`<code>${view.target}</code>`,
    },
    { title: 'Changed', isNumber: true, cell: ({ artifact: { view } }) => ago(view.issuedAt, now) },
  ],
})}
${pager(page, url, 'artifacts')}
</section>`
}

function tagsOf({ view }: Artifact): Html {
  const tags = Object.entries(view.tags)
  if (tags.length === 0) return html`<span class="muted">none</span>`
  return html`${tags.slice(0, MAX_TAGS).map(([tag, version]) => html`<span class="tag" title="version ${version}">${tag}</span> `)}${tags.length > MAX_TAGS && html`<span class="muted">and ${tags.length - MAX_TAGS} more</span>`}`
}

function transfers({ parts }: Visit): Html {
  const { swarm, clock } = parts
  const all = swarm.transfers()
  const names = new Map<string, string>()
  for (const artifact of all.length === 0 ? [] : swarm.artifacts()) {
    for (const [version, blobs] of Object.entries(artifact.view.versions)) {
      for (const { blobSha } of blobs) names.set(blobSha, `${swarm.nameOf(artifact)}:${version}`)
    }
  }
  return html`<section id="transfers" class="card"><h2>Transfers to this server</h2>
${table({
  caption: 'Transfers under way',
  rows: all,
  empty: 'None at the moment.',
  columns: [
    {
      title: 'Blob',
      isHeading: true,
      cell: ({ blob }) => names.get(blob.sha) ?? html`<code>${blob.sha.slice(0, 16)}</code>`,
    },
    {
      title: 'State',
      cell: ({ phase, priority, waitingFor }) =>
        html`${phase} <span class="tag">${priority}</span>${waitingFor !== undefined && html`<span class="under">waits for ${waitingFor}</span>`}`,
    },
    {
      title: 'Bytes',
      cell: ({ bytesTotal, bytesFetched, bytesReused }) =>
        html`<progress max="${Math.max(1, bytesTotal)}" value="${bytesFetched + bytesReused}" aria-label="Bytes here"></progress><span class="under">${formatSize(bytesFetched + bytesReused)} of ${formatSize(bytesTotal)}</span>`,
    },
    { title: 'From', cell: ({ sources }) => sourceList(sources, peer => swarm.hostOf(peer)) },
    {
      title: 'Speed',
      isNumber: true,
      cell: ({ bytesPerSecond, secondsLeft }) =>
        html`${formatSize(bytesPerSecond)}/s${secondsLeft !== null && html`<span class="under">${formatDuration(secondsLeft * 1000)} left</span>`}`,
    },
    { title: 'Begun', isNumber: true, cell: ({ startedAt }) => ago(startedAt, clock.now()) },
  ],
})}</section>`
}

function sourceList(sources: Readonly<Record<string, number>>, hostOf: (peer: string) => string): Html {
  const peers = Object.entries(sources).toSorted(([, a], [, b]) => b - a)
  if (peers.length === 0) return html`<span class="muted">nobody yet</span>`
  return html`${peers.slice(0, 5).map(([peer, bytes]) => html`<span class="nowrap">${hostOf(peer)} <span class="muted">${formatSize(bytes)}</span></span><br>`)}${peers.length > 5 && html`<span class="muted">and ${peers.length - 5} more</span>`}`
}
