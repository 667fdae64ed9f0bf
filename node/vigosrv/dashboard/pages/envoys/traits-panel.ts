import { type Html, html } from '../../html.ts'
import { counted } from '../../widgets/counted.ts'

const MAX_CHARACTERS = 20_000

/** What the envoy found out about its machine, a part for each topic. */
export function traitsPanel(traits: Readonly<Record<string, unknown>> | null): Html {
  const names = Object.keys(traits ?? {}).toSorted()
  return html`<section id="traits" class="card traits"><h2>Traits${names.length > 0 && html` <small>${counted(names.length, 'topic')}</small>`}</h2>
${names.length === 0 ? html`<p class="empty">It has told nothing about itself yet.</p>` : names.map(name => topic(name, traits?.[name]))}
</section>`
}

function topic(name: string, value: unknown): Html {
  if (typeof value !== 'object' || value === null) {
    return html`<p class="trait"><code>${name}</code> <code class="value">${JSON.stringify(value) ?? 'nothing'}</code></p>`
  }
  const text = JSON.stringify(value, null, 2)
  const size = Object.keys(value).length
  return html`<details class="trait"><summary><code>${name}</code> <span class="muted">${counted(size, 'value')}</span></summary><pre tabindex="0"><code>${text.slice(0, MAX_CHARACTERS)}${
    text.length > MAX_CHARACTERS && `\n… and ${text.length - MAX_CHARACTERS} more characters`
  }</code></pre></details>`
}
