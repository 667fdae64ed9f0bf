import type { BoltRow, SpannerStatus } from '#node/api'
import { type Html, html, joined } from './html.ts'
import { takeCommand } from './pages/bolts/words.ts'
import { counted } from './widgets/counted.ts'
import { icon } from './widgets/icon.ts'

const MAX_NAMED = 3

/** For the overview: that servers disagree, or that some do not follow, and what to do. Nothing when all is well. */
export function boltsBanner(status: SpannerStatus | null): Html | false {
  if (status === null || status.mode === 'standalone') return false
  if (status.state === 'diverged') return diverged(status)
  const late = status.bolts.filter(({ follows }) => !follows)
  if (status.state !== 'refused' && late.length === 0) return false
  return html`<section class="problem" role="alert" aria-label="Bolts that do not follow">
<p>${icon('warning')} ${status.state === 'refused' ? refused(status) : notFollowing(late)} <a href="/bolts">See the bolts</a>, or <code>vigocli spanner status</code>.</p>
</section>`
}

function diverged({ heads }: SpannerStatus): Html {
  const commands = heads.map(head => html`<code>${takeCommand(head, heads)}</code>`)
  return html`<section class="problem" role="alert" aria-label="Bolts that disagree">
<p>${icon('warning')} <strong>Bolts published without seeing each other.</strong> Each goes on with what it has, and nothing can be published until somebody takes one: ${
    commands.length === 0 ? html`<code>vigocli spanner status</code> says which` : joined(commands, ' or ')
  }. <a href="/bolts">See the heads</a></p>
</section>`
}

function refused({ problem }: SpannerStatus): Html {
  return html`<strong>The newest release is not live here.</strong> ${problem}`
}

function notFollowing(late: readonly BoltRow[]): Html {
  const names = late.slice(0, MAX_NAMED).map(({ hostname }) => hostname)
  const more = late.length > MAX_NAMED ? ` and ${late.length - MAX_NAMED} more` : ''
  const what = late.length === 1 ? 'does' : 'do'
  return html`<strong>${counted(late.length, 'bolt')} ${what} not have what is live here.</strong> ${names.join(', ')}${more}.`
}
