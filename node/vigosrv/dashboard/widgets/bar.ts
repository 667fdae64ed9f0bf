import { type Html, html } from '../html.ts'
import { counted } from './counted.ts'
import type { Tone } from './words.ts'

export interface Share {
  readonly tone: Tone
  readonly count: number
  readonly text: string
}

/** One line split by shares. The numbers stand beside it as text wherever it is used. */
export function shareBar(shares: readonly Share[], label: string): Html {
  const total = shares.reduce((sum, { count }) => sum + count, 0)
  let at = 0
  const parts = shares
    .filter(({ count }) => count > 0)
    .map(({ tone, count, text }) => {
      const x = at
      const width = (count * 100) / total
      at += width
      return html`<rect class="fill-${tone}" x="${shown(x)}%" width="${shown(width)}%" height="100%"><title>${text}: ${count}</title></rect>`
    })
  return html`<svg class="share-bar" role="img" aria-label="${label}" width="100%" height="8">${
    total === 0 ? html`<rect class="fill-empty" width="100%" height="100%"/>` : parts
  }</svg>`
}

/** How far something is. */
export function progressBar(done: number, total: number, what: string): Html {
  return html`<progress max="${Math.max(total, 1)}" value="${done}" aria-label="${what}">${done} of ${counted(total, 'envoy')}</progress>`
}

function shown(value: number): string {
  return value.toFixed(3)
}
