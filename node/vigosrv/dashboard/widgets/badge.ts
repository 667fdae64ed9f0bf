import { type Html, html } from '../html.ts'
import { icon } from './icon.ts'
import type { Word } from './words.ts'

/** A state as icon, word and colour. */
export function badge({ tone, icon: name, text, meaning }: Word): Html {
  return html`<span class="badge is-${tone}" title="${meaning}">${icon(name)}<span>${text}</span></span>`
}

/** The same in another word: `badgeAs(OUTCOME_WORDS.failed, '3 failed')`. */
export function badgeAs(word: Word, text: string): Html {
  return badge({ ...word, text })
}
