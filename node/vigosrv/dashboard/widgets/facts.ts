import { type Html, html, type Renderable } from '../html.ts'

/** Names and values; pairs whose value is null are left out. */
export function facts(pairs: readonly (readonly [name: string, value: Renderable])[]): Html {
  return html`<dl class="facts">${pairs
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
