import { type Html, html, type Renderable } from '../html.ts'

/** A name and a value; `wide` for those that are sentences or long. */
export type Fact = readonly [name: string, value: Renderable, width?: 'wide']

/** Names and values; those whose value is null are left out. */
export function facts(pairs: readonly Fact[]): Html {
  return html`<dl class="facts">${pairs
    .filter(([, value]) => value !== null)
    .map(([name, value, width]) => html`<div class="${width ?? ''}"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
