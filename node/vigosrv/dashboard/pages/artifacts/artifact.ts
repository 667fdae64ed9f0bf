import type { Artifact } from '#curator/catalog'
import { formatSize } from '#node/kit'
import { DashboardError } from '../../errors.ts'
import { type Html, html, joined } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted } from '../../widgets/counted.ts'
import { facts } from '../../widgets/facts.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import type { Word } from '../../widgets/words.ts'

/** Blobs whose holders are asked for: each is a question to the directory. */
const MAX_ASKED = 8
const MAX_ROWS = 200

const HELD: Word = { tone: 'good', icon: 'check', text: 'Complete', meaning: 'this server has all of its bytes' }
const PARTIAL: Word = { tone: 'notice', icon: 'running', text: 'Partial', meaning: 'this server has some of its bytes' }
const ABSENT: Word = { tone: 'quiet', icon: 'dash', text: 'Not here', meaning: 'this server has none of its bytes' }

/** @throws DashboardError 'not-found' */
export function artifactPage(visit: Visit): Page {
  const artifact = artifactOf(visit)
  return {
    title: visit.parts.swarm.nameOf(artifact),
    name: 'artifact',
    wakesOn: () => false,
    fragments: [
      { id: 'artifact', render: () => summary(visit, artifactOf(visit)) },
      { id: 'blobs', isFixed: true, render: () => blobs(visit, artifactOf(visit)) },
    ],
  }
}

function artifactOf({ parts, params }: Visit): Artifact {
  const id = params['id'] ?? ''
  const artifact = /^[0-9a-f]{64}$/.test(id) ? parts.swarm.artifact(id) : null
  if (artifact === null) throw new DashboardError('not-found', 'the catalog has no such artifact')
  return artifact
}

function summary({ parts }: Visit, artifact: Artifact): Html {
  const { id, heads, view } = artifact
  const { kind, founder, signer, target, tags, issuedAt, tombstone, conflicts } = view
  return html`<section id="artifact" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/artifacts">Artifacts</a></nav>
<h1>${parts.swarm.nameOf(artifact)}</h1>
${tombstone && html`<p class="problem-line">It was removed by its puddle.</p>`}
${conflicts.length > 0 && html`<p class="problem-line">${counted(conflicts.length, 'conflict')}: it was published on both sides of a partition. The first is in force until its puddle publishes again.</p>`}
${facts([
  ['Kind', kind],
  [
    'Tags',
    Object.keys(tags).length === 0
      ? null
      : joined(
          Object.entries(tags).map(([tag, version]) => html`<span class="tag">${tag}</span> ${version}`),
          ', ',
        ),
  ],
  ['Kept by', target === '' ? 'who pulls it' : html`<code>${target}</code>`],
  ['Changed', ago(issuedAt, parts.clock.now())],
  ['Statements', counted(heads.length, 'head')],
  ['Founder', html`<code class="key">${founder}</code>`],
  ['Signed by', signer === founder ? null : html`<code class="key">${signer}</code>`],
  ['Id', html`<code class="key">${id}</code>`],
])}
</section>`
}

async function blobs({ parts: { swarm }, signal }: Visit, { view }: Artifact): Promise<Html> {
  const all = Object.entries(view.versions).flatMap(([version, platforms]) =>
    platforms.map(blob => ({ version, blob })),
  )
  const shown = all.toReversed().slice(0, MAX_ROWS)
  const holders = new Map<string, readonly string[]>()
  const asked = [...new Set(shown.map(({ blob }) => blob.blobSha))].slice(0, MAX_ASKED)
  await Promise.all(asked.map(async sha => holders.set(sha, await swarm.holders(sha, { signal }))))
  const rows = await Promise.all(shown.map(async row => ({ ...row, held: await swarm.held(row.blob.blobSha) })))
  return html`<section id="blobs" class="card"><h2>Versions</h2>
${table({
  caption: 'Versions and their blobs, the newest first',
  rows,
  empty: 'It has no versions.',
  columns: [
    { title: 'Version', isHeading: true, cell: ({ version }) => version },
    { title: 'Platform', cell: ({ blob: { os, arch } }) => `${os}/${arch}` },
    { title: 'Size', isNumber: true, cell: ({ blob }) => formatSize(blob.sizeBytes) },
    { title: 'Here', cell: ({ held }) => badge(held === null ? ABSENT : held.state === 'complete' ? HELD : PARTIAL) },
    { title: 'Known holders', cell: ({ blob }) => holderList(holders.get(blob.blobSha)) },
    { title: 'Blob', cell: ({ blob }) => html`<code title="${blob.blobSha}">${blob.blobSha.slice(0, 12)}</code>` },
  ],
})}
${all.length > shown.length && html`<p class="muted">… and ${all.length - shown.length} older</p>`}
<p class="muted">Holders are what members told the directory; there may be more.</p></section>`
}

function holderList(hosts: readonly string[] | undefined): Html {
  if (hosts === undefined) return html`<span class="muted">not asked</span>`
  if (hosts.length === 0) return html`<span class="muted">none known</span>`
  return html`${hosts.slice(0, 8).join(', ')}${hosts.length > 8 && ` and ${hosts.length - 8} more`}`
}
