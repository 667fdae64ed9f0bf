import { renderDiagnostic } from '#config/lang'
import type { PolicyProblem } from '../policy/types.ts'
import { boltsBanner } from './bolts-banner.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'
import type { DashboardParts } from './parts.ts'
import { counted } from './widgets/counted.ts'
import { icon } from './widgets/icon.ts'
import { ago } from './widgets/time.ts'

const MAX_SHOWN = 20

/** What keeps the live release from being served, and on the overview what is wrong between servers; an empty place when nothing is. */
export function problemBanner({ policy, bolts, clock }: DashboardParts, { name }: Pick<Page, 'name'>): Html {
  const config = policy.problem === null ? false : configBanner(policy.problem, clock.now())
  return html`<div id="problem">${config}${name === 'overview' && boltsBanner(bolts.status)}</div>`
}

function configBanner(problem: PolicyProblem, now: number): Html {
  const { message, at, diagnostics } = problem
  const shown = diagnostics.slice(0, MAX_SHOWN)
  const more = diagnostics.length - shown.length
  return html`<section class="problem" role="alert" aria-label="Problem with the live configuration">
<p>${icon('warning')} <strong>The live configuration cannot be used.</strong> ${message} <span class="muted">${ago(at, now)}</span></p>
${
  shown.length > 0 &&
  html`<details><summary>${counted(diagnostics.length, 'finding')}</summary><pre tabindex="0"><code>${shown
    .map(renderDiagnostic)
    .join('\n\n')}${more > 0 && `\n\n… and ${more} more; vigocli config validate shows all`}</code></pre></details>`
}
</section>`
}
