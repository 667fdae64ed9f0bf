import { presentable } from '#config/store'
import type { EnvoyRow } from '../../../fleet/types.ts'
import { DashboardError } from '../../errors.ts'
import { type Html, html, joined } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { facts } from '../../widgets/facts.ts'
import { resultDetails } from '../../widgets/resource-result.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import { RESOURCE_WORDS } from '../../widgets/words.ts'
import { rowOf } from './envoy.ts'
import { type Provenance, provenanceOf } from './provenance.ts'

const RUNS_SEARCHED = 30

/** One resource of one envoy: each value with its place, and what the last runs did. @throws DashboardError 'not-found' */
export function resourcePage(visit: Visit): Page {
  const { params, url } = visit
  const { peer, hostname } = rowOf(visit, params['peer'] ?? '')
  const id = url.searchParams.get('id') ?? ''
  return {
    title: `${id} on ${hostname}`,
    name: 'resource',
    wakesOn: event => (event.type !== 'envoy' && event.type !== 'run') || event.row.peer === peer,
    fragments: [
      { id: 'values', render: () => values(visit, rowOf(visit, peer), id) },
      { id: 'story', render: () => pastRuns(visit, rowOf(visit, peer), id) },
    ],
  }
}

async function values(visit: Visit, row: EnvoyRow, id: string): Promise<Html> {
  const bundle = await visit.parts.fleet.bundle(row.peer)
  const resource = bundle === null ? undefined : presentable(bundle).resources.find(each => each.id === id)
  if (bundle === null || resource === undefined) {
    throw new DashboardError('not-found', `${row.hostname} has no resource '${id.slice(0, 200)}' in its bundle`)
  }
  const provenance = await provenanceOf(visit, row, resource, bundle.release)
  const { type, when, dependsOn, notify, subscribes } = resource
  const links = (ids: readonly string[]) =>
    ids.length === 0
      ? null
      : joined(
          ids.map(
            other =>
              html`<a href="/envoys/${row.peer}/resource?id=${encodeURIComponent(other)}"><code>${other}</code></a>`,
          ),
          ', ',
        )
  return html`<section id="values" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/envoys">Envoys</a> / <a href="/envoys/${row.peer}">${row.hostname}</a></nav>
<h1><span class="type">${type}</span> ${id}</h1>
${facts([
  [
    'Written in',
    provenance.kind === 'traced'
      ? html`<code>${provenance.resource.place}</code>`
      : html`<span class="muted">not known: ${provenance.why}</span>`,
  ],
  ['Because of', reasons(provenance)],
  ['As long as', when === '' ? null : html`<code>${when}</code>`],
  ['After', links(dependsOn)],
  ['Triggers', links(notify)],
  ['Again after', links(subscribes)],
])}
<div class="card"><h2>Values</h2>${provenance.kind === 'traced' ? tracedValues(provenance) : plainValues(resource.attributes)}</div>
</section>`
}

function reasons(provenance: Provenance): Html | null {
  if (provenance.kind === 'unknown') return null
  return html`<ul class="plain">${provenance.crate.reasons.map(
    ({ chain, place }) => html`<li>${chain.join(' › ')} <code class="muted">${place}</code></li>`,
  )}</ul>`
}

function tracedValues({ resource, crate }: Extract<Provenance, { kind: 'traced' }>): Html {
  return table({
    caption: 'Values and where they come from',
    rows: resource.attributes,
    empty: 'It has no values.',
    columns: [
      { title: 'Attribute', isHeading: true, cell: ({ name }) => html`<code class="attribute">${name}</code>` },
      { title: 'Value', cell: ({ value }) => html`<code class="value">${value}</code>` },
      {
        title: 'Comes from',
        cell: ({
          origin,
          place,
          written,
          variables,
          losers,
        }) => html`${origin}${place !== null && html` <code>${place}</code>`}
${written !== null && html`<span class="under">written as <code>${written}</code></span>`}
${variables.map(name => variableLine(name, crate.variables))}
${losers.map(
  loser =>
    html`<span class="under">not <code>${loser.value}</code> from ${loser.origin} <code>${loser.place}</code>: ${loser.reason}</span>`,
)}`,
      },
    ],
  })
}

function variableLine(name: string, variables: Extract<Provenance, { kind: 'traced' }>['crate']['variables']): Html {
  const variable = variables.find(each => each.name === name)
  if (variable === undefined) return html`<span class="under">with the variable <code>${name}</code></span>`
  return html`<span class="under">with <code>${name}</code> = <code>${variable.value}</code> from ${variable.origin} <code>${variable.place}</code>${variable.losers.map(
    ({ value, place, reason }) => html`<br>not <code>${value}</code> of <code>${place}</code>: ${reason}`,
  )}</span>`
}

function plainValues(attributes: Readonly<Record<string, unknown>>): Html {
  return table({
    caption: 'Values',
    rows: Object.entries(attributes),
    empty: 'It has no values.',
    columns: [
      { title: 'Attribute', isHeading: true, cell: ([name]) => html`<code class="attribute">${name}</code>` },
      { title: 'Value', cell: ([, value]) => html`<code class="value">${JSON.stringify(value)}</code>` },
    ],
  })
}

async function pastRuns({ parts }: Visit, row: EnvoyRow, id: string): Promise<Html> {
  const runs = await parts.fleet.runs(row.peer, { limit: RUNS_SEARCHED })
  const now = parts.clock.now()
  const found = runs.flatMap(({ id: run, receivedAt, run: { results } }) => {
    const result = results.find(each => each.id === id)
    return result === undefined ? [] : [{ run, receivedAt, result }]
  })
  return html`<section id="story" class="card"><h2>In the last runs</h2>
${
  found.length === 0
    ? html`<p class="empty">Nothing to tell: it was as it should be, or skipped, in the last ${RUNS_SEARCHED} runs.</p>`
    : html`<ul class="resource-list">${found.map(
        ({ run, receivedAt, result }) =>
          html`<li class="resource is-${RESOURCE_WORDS[result.state].tone}"><div class="resource-line">${badge(RESOURCE_WORDS[result.state])}<a href="/envoys/${row.peer}/runs/${run}">${ago(receivedAt, now)}</a></div><div class="resource-more">${resultDetails(result)}</div></li>`,
      )}</ul>`
}
</section>`
}
