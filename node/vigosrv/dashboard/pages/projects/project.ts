import type { ProjectDetails, RefRow } from '#node/api'
import { formatSize } from '#node/kit'
import { DashboardError } from '../../errors.ts'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import type { DashboardParts } from '../../parts.ts'
import { badge } from '../../widgets/badge.ts'
import { facts } from '../../widgets/facts.ts'
import { type Column, table } from '../../widgets/table.ts'
import { ago, moment } from '../../widgets/time.ts'
import { projectName } from './list.ts'
import { refWord, waitingSince } from './words.ts'

/** @throws DashboardError 'not-found'; ProjectError 'unknown-project' */
export async function projectPage(visit: Visit): Promise<Page> {
  const id = visit.params['id'] ?? ''
  if (!/^[0-9a-f]{64}$/.test(id)) throw new DashboardError('not-found', 'there is no such project')
  const detailsOf = (): Promise<ProjectDetails> => visit.parts.projects.details(id, { signal: visit.signal })
  return {
    title: projectName(await detailsOf()),
    name: 'list',
    wakesOn: () => false,
    fragments: [
      { id: 'project', render: async () => summary(await detailsOf()) },
      { id: 'refs', render: async () => branches(await detailsOf(), visit.parts) },
      { id: 'members', render: async () => members(await detailsOf()) },
      { id: 'machines', render: async () => machines(await detailsOf()) },
    ],
  }
}

function summary(details: ProjectDetails): Html {
  const { id, policy, founder, isHeldHere, sizeBytes } = details
  return html`<section id="project" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/projects">Projects</a></nav>
<h1>${projectName(details)}</h1>
${facts([
  ['Policy', policy],
  ['Here', isHeldHere ? formatSize(sizeBytes) : 'not kept by this server'],
  ['Founder', html`<code class="key">${founder}</code>`],
  ['Id', html`<code class="key">${id}</code>`],
])}
</section>`
}

function branches({ id, refs, isHeldHere }: ProjectDetails, { clock, bolts }: DashboardParts): Html {
  const now = clock.now()
  const isStacks = bolts.status?.project?.id === id
  const columns: Column<RefRow>[] = [
    { title: 'Branch', isHeading: true, cell: ({ ref }) => html`<code>${ref}</code>` },
    {
      title: 'State',
      cell: ({ state, problem }) =>
        html`${badge(refWord(state))}${problem !== '' && html`<span class="under">${problem}</span>`}`,
    },
    {
      title: 'Commit',
      cell: ({ commit }) =>
        commit === null
          ? html`<span class="muted">none</span>`
          : html`<code title="${commit}">${commit.slice(0, 12)}</code>`,
    },
    {
      title: 'Waits since',
      cell: ref => {
        const since = waitingSince(ref)
        return since === null ? html`<span class="muted">no</span>` : ago(since, now)
      },
    },
    { title: 'Heads', cell: ref => headsOf(ref, isStacks ? takeOfStacks : takeOf(id, ref)) },
  ]
  return html`<section id="refs" class="card"><h2>Branches</h2>
${table({ caption: 'Branches and their heads', rows: refs, empty: isHeldHere ? 'Nothing was pushed yet.' : 'This server does not keep the project.', columns })}
</section>`
}

type Take = (commit: string) => string

const takeOfStacks: Take = commit => `vigocli spanner resolve --take ${commit}`

function takeOf(id: string, { ref }: RefRow): Take {
  return commit => `vigo swarm gitback project resolve ${id} --ref ${ref} --take ${commit}`
}

/** Each with the command that takes it, where there are several. */
function headsOf({ heads, state }: RefRow, take: Take): Html {
  if (state !== 'diverged') return html`${heads.length}`
  return html`<ul>${heads.map(
    ({ commit, issuedAt, signer }) =>
      html`<li><code title="${commit}">${commit.slice(0, 12)}</code> <span class="muted">${moment(issuedAt)}, by <code title="${signer}">${signer.slice(0, 12)}</code></span>
<span class="under"><code>${take(commit)}</code></span></li>`,
  )}</ul>`
}

function members({ memberRows }: ProjectDetails): Html {
  return html`<section id="members" class="card"><h2>Members</h2>
${table({
  caption: 'Who may do what',
  rows: memberRows,
  empty: 'It has no members.',
  columns: [
    { title: 'Member', isHeading: true, cell: ({ name, key }) => name ?? key.slice(0, 12) },
    { title: 'Right', cell: ({ level }) => level },
    { title: 'Key', cell: ({ key }) => html`<code class="key">${key}</code>` },
  ],
})}
</section>`
}

function machines({ seatRows }: ProjectDetails): Html {
  return html`<section id="machines" class="card"><h2>Machines</h2>
${table({
  caption: 'Machines that keep it',
  rows: seatRows,
  empty: 'No machine keeps it.',
  columns: [
    { title: 'Machine', isHeading: true, cell: ({ hostname, peer }) => hostname || peer.slice(0, 12) },
    { title: 'For', cell: ({ member }) => html`<code title="${member}">${member.slice(0, 12)}</code>` },
    { title: 'Connected', cell: ({ isConnected }) => (isConnected ? 'yes' : html`<span class="muted">no</span>`) },
  ],
})}
</section>`
}
