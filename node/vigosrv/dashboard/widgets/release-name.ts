import { type HistoryEntry, type ReleaseHash, shortHash } from '#config/store'
import { type Html, html } from '../html.ts'

/** A release as people speak of it, with a link to its page where the history knows it. */
export function releaseLink(hash: ReleaseHash | null, entries: readonly HistoryEntry[]): Html {
  if (hash === null || hash === '') return html`<span class="muted">none</span>`
  const entry = entries.find(({ release }) => release === hash)
  if (entry === undefined) return html`<code title="${hash}">${shortHash(hash)}</code>`
  return html`<a href="/releases/${entry.number}" title="${hash}">#${entry.number} <code>${shortHash(hash)}</code></a>`
}

/** `release #14`, or its hash where the history does not know it. */
export function releaseText(hash: ReleaseHash, entries: readonly HistoryEntry[]): string {
  const entry = entries.find(({ release }) => release === hash)
  return entry === undefined ? `release ${shortHash(hash)}` : `release #${entry.number}`
}
