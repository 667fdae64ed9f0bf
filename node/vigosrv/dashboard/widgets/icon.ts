import { type Html, html } from '../html.ts'

const PATHS = {
  check: 'M3 8.6l3.3 3.2L13 4.8',
  cross: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 2.2l6.3 11.3H1.7zM8 6.4v3.3M8 11.6v.3',
  dash: 'M3.5 8h9',
  again: 'M13 8a5 5 0 1 1-1.5-3.6L13 5.9M13 2.6v3.3H9.7',
  running: 'M8 3v2.2M8 10.8V13M3 8h2.2M10.8 8H13M4.5 4.5L6 6M10 10l1.5 1.5M4.5 11.5L6 10M10 6l1.5-1.5',
  waiting: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11zM8 5v3.2l2 1.3',
  edit: 'M3 13l.7-3L11 2.8l2.2 2.2L6 12.3z',
  publish: 'M8 13V3.5M4 7.2L8 3.2l4 4',
  back: 'M6 3.5L2.8 6.7L6 9.9M3 6.7h6.2a3.6 3.6 0 0 1 0 7.1H6.5',
  host: 'M2.5 3.5h11v7h-11zM5.5 13h5M8 10.5V13',
} as const

export type IconName = keyof typeof PATHS

/** Decoration only: what it says is in the text beside it. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d="${PATHS[name]}"/></svg>`
}
