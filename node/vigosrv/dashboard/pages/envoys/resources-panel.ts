import type { Bundle, BundleResource } from '#config/store'
import type { ResourceResult, ResourceState } from '#node/checkin'
import type { EnvoyRow, StoredRun } from '../../../fleet/types.ts'
import { type Html, html } from '../../html.ts'
import type { Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { hasDetails, resultDetails } from '../../widgets/resource-result.ts'
import { stateCounts } from '../../widgets/state-counts.ts'
import { ago } from '../../widgets/time.ts'
import { RESOURCE_WORDS, type Word } from '../../widgets/words.ts'
import { placesOf } from './provenance.ts'

const MAX_RESOURCES = 1_000
const OTHER_BUNDLE: Word = {
  tone: 'quiet',
  icon: 'waiting',
  text: 'Not run yet',
  meaning: 'its last run was of another bundle',
}

/** What the envoy should have, crate by crate, each resource with what the last run said and where it is written. */
export async function resourcesPanel(visit: Visit, row: EnvoyRow): Promise<Html> {
  const { fleet, clock } = visit.parts
  const bundle = await fleet.bundle(row.peer)
  const run = row.lastRun === null ? null : await fleet.run(row.peer, row.lastRun.id)
  if (bundle === null) {
    return html`<section id="resources" class="card"><h2>Resources</h2><p class="empty">It has no bundle${row.problem === '' ? ' yet' : `: ${row.problem}`}.</p></section>`
  }
  const places = await placesOf(visit, row, bundle)
  const states = statesOf(bundle, run)
  const shown = bundle.resources.slice(0, MAX_RESOURCES)
  const crates = Map.groupBy(shown, ({ crate }) => crate)
  const left = bundle.resources.length - shown.length
  return html`<section id="resources" class="card resources"><h2>Resources <small>${counted(bundle.resources.length, 'resource')} of ${counted(bundle.crates.length, 'crate')}</small></h2>
${run !== null && html`<p class="run-line">${stateCounts(run.counts)} <a href="/envoys/${row.peer}/runs/${run.id}">run ${ago(run.receivedAt, clock.now())}</a></p>`}
${[...crates].map(([crate, resources]) => cratePart(crate, resources, states, places, row.peer))}
${left > 0 && html`<p class="muted">… and ${grouped(left)} more; vigocli config show ${row.hostname} prints all</p>`}
${
  bundle.skipped.length > 0 &&
  html`<details class="crate"><summary><span class="crate-name">Left out on this host</span> <span class="muted">${grouped(bundle.skipped.length)}</span></summary><ul class="lines">${bundle.skipped
    .slice(0, MAX_RESOURCES)
    .map(
      ({ id, reason }) => html`<li><code class="line-name">${id}</code> <span class="line-text">${reason}</span></li>`,
    )}</ul></details>`
}
</section>`
}

interface ResourceRow {
  readonly word: Word
  readonly result: ResourceResult | null
}

/** Runs name what is neither compliant nor skipped; what they do not name was one of the two. */
function statesOf(bundle: Bundle, run: StoredRun | null): (id: string) => ResourceRow {
  if (run === null || run.run.bundle !== bundle.hash) return () => ({ word: OTHER_BUNDLE, result: null })
  const results = new Map(run.run.results.map(result => [result.id, result]))
  const { counts, resultsLeftOut } = run.run
  const quiet = quietWord(counts.compliant, counts.skipped, resultsLeftOut)
  return id => {
    const result = results.get(id)
    return result === undefined ? { word: quiet, result: null } : { word: RESOURCE_WORDS[result.state], result }
  }
}

function quietWord(compliant: number, skipped: number, leftOut: number): Word {
  if (leftOut > 0)
    return { ...RESOURCE_WORDS.skipped, text: 'Not reported', meaning: 'the run had more results than fit' }
  if (skipped === 0) return RESOURCE_WORDS.compliant
  if (compliant === 0) return RESOURCE_WORDS.skipped
  return { ...RESOURCE_WORDS.compliant, text: 'Compliant or skipped', meaning: 'runs do not name these one by one' }
}

const LOUD: ReadonlySet<ResourceState> = new Set(['failed', 'failed-restart', 'blocked'])

function cratePart(
  crate: string,
  resources: readonly BundleResource[],
  stateOf: (id: string) => ResourceRow,
  places: ReadonlyMap<string, string>,
  peer: string,
): Html {
  const rows = resources.map(resource => ({ resource, ...stateOf(resource.id) }))
  const bad = rows.filter(({ result }) => result !== null && LOUD.has(result.state)).length
  return html`<section class="crate"><h3>${crate} <small>${counted(resources.length, 'resource')}${bad > 0 && html`, <span class="is-bad">${grouped(bad)} not well</span>`}</small></h3>
<ul class="resource-list">${rows.map(({ resource, word, result }) => {
    const { id, type, name } = resource
    const place = places.get(id)
    return html`<li class="resource is-${word.tone}"><div class="resource-line">${badge(word)}<span class="resource-name"><a href="/envoys/${peer}/resource?id=${encodeURIComponent(id)}">${name}</a> <span class="type">${type}</span></span><span class="place">${place !== undefined && html`<code title="where it is written">${place}</code>`}</span></div>${
      result !== null && hasDetails(result) && html`<div class="resource-more">${resultDetails(result)}</div>`
    }</li>`
  })}</ul></section>`
}
