import type { ResourceResult } from '#node/checkin'
import { type Html, html } from '../html.ts'
import { diffBlock } from './diff.ts'

/** What a run says about one resource: sentence, changed attributes, difference, output. */
export function resultDetails({ message, changes, diff, output }: ResourceResult): Html {
  return html`${message !== undefined && html`<p class="message">${message}</p>`}
${
  changes !== undefined &&
  changes.length > 0 &&
  html`<ul class="changes">${changes.map(
    ({ attribute, from, to }) =>
      html`<li><b>${attribute}</b> <del>${from}</del> <span class="arrow" aria-label="became">→</span> <ins>${to}</ins></li>`,
  )}</ul>`
}
${diff !== undefined && diff !== '' && diffBlock(diff)}
${output !== undefined && output !== '' && html`<pre class="output" tabindex="0"><code>${output}</code></pre>`}`
}

export function hasDetails({ message, changes, diff, output }: ResourceResult): boolean {
  return [message, diff, output].some(text => text !== undefined && text !== '') || (changes?.length ?? 0) > 0
}
