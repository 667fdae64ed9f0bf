import { RESOURCE_STATES, type StateCounts } from '#node/checkin'
import { type Html, html } from '../html.ts'
import { badgeAs } from './badge.ts'
import { grouped } from './counted.ts'
import { RESOURCE_WORDS } from './words.ts'

/** What a run did, worst first; states that no resource is in are left out. */
export function stateCounts(counts: StateCounts): Html {
  const there = RESOURCE_STATES.toReversed().filter(state => counts[state] > 0)
  if (there.length === 0) return html`<span class="muted">no resources</span>`
  return html`<span class="counts">${there.map(state => {
    const word = RESOURCE_WORDS[state]
    return badgeAs(word, `${grouped(counts[state])} ${word.text.toLowerCase()}`)
  })}</span>`
}
