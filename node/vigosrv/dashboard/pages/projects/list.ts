import type { ProjectDetails, ProjectRow, RefRow } from '#node/api'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import type { DashboardParts } from '../../parts.ts'
import { badge, badgeAs } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import { refWord, waitingSince } from './words.ts'

/** Each row asks a repository. */
const MAX_ROWS = 200

interface Row {
  readonly project: ProjectRow
  /** Null where this machine does not keep it. */
  readonly refs: readonly RefRow[] | null
}

export function projectsPage(visit: Visit): Page {
  return {
    title: 'Projects',
    name: 'list',
    wakesOn: () => false,
    fragments: [
      {
        id: 'heading',
        isFixed: true,
        render: () =>
          html`<header id="heading"><h1>Projects</h1><p class="muted">Git repositories that machines of the fleet keep for each other.</p></header>`,
      },
      { id: 'projects', render: () => list(visit) },
    ],
  }
}

async function list({ parts, signal }: Visit): Promise<Html> {
  const all = await parts.projects.rows({ signal })
  const rows = await Promise.all(all.slice(0, MAX_ROWS).map(project => rowOf(parts, project, signal)))
  const now = parts.clock.now()
  return html`<section id="projects" class="card" aria-label="Projects">
${table({
  caption: 'Git projects of the fleet',
  rows,
  empty: html`Nobody founded one yet: <code>vigo swarm gitback project init</code>`,
  columns: [
    {
      title: 'Project',
      isHeading: true,
      cell: ({ project }) => html`<a href="/projects/${project.id}">${projectName(project)}</a>`,
    },
    { title: 'State', cell: ({ refs }) => stateOf(refs) },
    { title: 'Branches', isNumber: true, cell: ({ refs }) => (refs === null ? '' : grouped(refs.length)) },
    { title: 'Waits since', cell: ({ refs }) => sinceOf(refs, now) },
    { title: 'Members', isNumber: true, cell: ({ project }) => grouped(project.members) },
    { title: 'Machines', isNumber: true, cell: ({ project }) => grouped(project.seats) },
  ],
})}
${all.length > rows.length && html`<p class="muted">… and ${grouped(all.length - rows.length)} more: <code>vigocli swarm gitback list</code></p>`}
</section>`
}

async function rowOf({ projects }: DashboardParts, project: ProjectRow, signal: AbortSignal): Promise<Row> {
  if (!project.isHeldHere) return { project, refs: null }
  return { project, refs: (await projects.details(project.id, { signal })).refs }
}

export function projectName({
  founderName,
  founder,
  handle,
}: Pick<ProjectDetails, 'founderName' | 'founder' | 'handle'>): string {
  return `${founderName ?? founder.slice(0, 12)}/${handle}`
}

/** The worst of its branches. */
function stateOf(refs: readonly RefRow[] | null): Html {
  if (refs === null) return html`<span class="muted">not kept here</span>`
  for (const state of ['diverged', 'refused', 'behind']) {
    const count = refs.filter(ref => ref.state === state).length
    if (count > 0) return badgeAs(refWord(state), `${refWord(state).text}: ${counted(count, 'branch', 'branches')}`)
  }
  return badge(refWord('settled'))
}

function sinceOf(refs: readonly RefRow[] | null, now: number): Html {
  const since = (refs ?? []).map(waitingSince).filter(time => time !== null)
  return since.length === 0 ? html`<span class="muted">no</span>` : ago(Math.min(...since), now)
}
