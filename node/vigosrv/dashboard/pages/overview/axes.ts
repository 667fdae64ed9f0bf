import { DRIFTS, FLEET_STATUSES, type FleetCounts, REACHABILITIES } from '../../../fleet/types.ts'
import { type Html, html } from '../../html.ts'
import { shareBar } from '../../widgets/bar.ts'
import { grouped } from '../../widgets/counted.ts'
import { icon } from '../../widgets/icon.ts'
import { DRIFT_WORDS, REACHABILITY_WORDS, STATUS_WORDS, type Word } from '../../widgets/words.ts'

/** Three axes that are never mixed, each count a link to its envoys. */
export function axes({ status, drift, reachability }: FleetCounts): Html {
  return html`<section id="axes" class="axes" aria-label="The fleet on three axes">
${axis('status', 'Status', 'how the last run ended', FLEET_STATUSES, STATUS_WORDS, status)}
${axis('drift', 'Drift', 'what was changed by others', DRIFTS, DRIFT_WORDS, drift)}
${axis('reach', 'Reachability', 'who checks in as it should', REACHABILITIES, REACHABILITY_WORDS, reachability)}
</section>`
}

function axis<State extends string>(
  key: string,
  title: string,
  subtitle: string,
  states: readonly State[],
  words: Readonly<Record<State, Word>>,
  counts: Readonly<Record<State, number>>,
): Html {
  const shares = states.map(state => ({ tone: words[state].tone, count: counts[state], text: words[state].text }))
  return html`<div class="card axis">
<h2>${title} <small>${subtitle}</small></h2>
${shareBar(shares, `${title}: ${shares.map(({ text, count }) => `${text} ${count}`).join(', ')}`)}
<ul>${states.map(state => {
    const { tone, icon: name, text, meaning } = words[state]
    const count = counts[state]
    return html`<li class="${count === 0 ? 'is-none' : `is-${tone}`}"><a href="/envoys?${key}=${state}" title="${meaning}">${icon(name)}<span>${text}</span><b>${grouped(count)}</b></a></li>`
  })}</ul>
</div>`
}
