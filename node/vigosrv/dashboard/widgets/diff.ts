import { type Html, html } from '../html.ts'

const MAX_LINES = 400

/** A unified difference, line by line; signs stay, so that colour says nothing new. */
export function diffBlock(text: string): Html {
  const lines = text.replace(/\n$/, '').split('\n')
  const shown = lines.slice(0, MAX_LINES)
  const more = lines.length - shown.length
  return html`<pre class="diff" tabindex="0"><code>${shown.map(diffLine)}${
    more > 0 && html`<span class="muted">… and ${more} more lines</span>`
  }</code></pre>`
}

function diffLine(line: string): Html {
  return html`<span class="${classOf(line)}">${line}\n</span>`
}

function classOf(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return 'diff-file'
  if (line.startsWith('@@')) return 'diff-place'
  if (line.startsWith('+')) return 'diff-added'
  if (line.startsWith('-')) return 'diff-removed'
  return 'diff-same'
}
