import { type Html, html } from '../html.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A moment as a person says it, exact in the tool tip. Coarse, so that a page that stays open changes seldom. */
export function ago(at: number | null, now: number): Html {
  if (at === null) return html`<span class="muted">never</span>`
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}" title="${exact(at)}">${sayAgo(at, now)}</time>`
}

/** `21 Nov 14:05:09` in UTC. */
export function moment(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}" title="${exact(at)}">${dayOf(at)} ${iso.slice(11, 19)}</time>`
}

export function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 16)
}

function sayAgo(at: number, now: number): string {
  const passed = now - at
  if (passed < -MINUTE) return `${dayOf(at)} ${clockTime(at)}`
  if (passed < MINUTE) return 'just now'
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`
  if (passed < 48 * HOUR) return `${Math.floor(passed / HOUR)} h ago`
  return `${dayOf(at)} ${clockTime(at)}`
}

function exact(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function dayOf(at: number): string {
  const date = new Date(at)
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`
}
