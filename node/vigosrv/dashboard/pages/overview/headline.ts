import { type Html, html } from '../../html.ts'
import type { DashboardParts } from '../../parts.ts'
import { counted, grouped, percent } from '../../widgets/counted.ts'

/** One number and one sentence; the sentence is spoken when it changes. */
export function headline({ fleet }: DashboardParts): Html {
  const counts = fleet.counts()
  const { envoys, status } = counts
  if (envoys === 0) {
    return html`<section id="headline" class="headline"><h1>No envoy is enrolled yet</h1>
<p>Mint a join URL with <code>vigosrv token create</code>, give it to <code>vigo enroll</code> on a machine, and start <code>vigo agent run</code> there.</p></section>`
  }
  const share = percent(status.converged, envoys)
  const trouble = [
    status.failed > 0 && `${grouped(status.failed)} failed`,
    status.degraded > 0 && `${grouped(status.degraded)} degraded`,
    counts.reachability.stale > 0 && `${grouped(counts.reachability.stale)} stale`,
  ].filter(text => text !== false)
  return html`<section id="headline" class="headline">
<h1 class="hidden">Fleet</h1>
<p class="figure"><strong>${share}<span class="unit">%</span></strong> <span>converged</span></p>
<p class="sentence" role="status">${grouped(status.converged)} of ${counted(envoys, 'envoy')} converged, ${grouped(counts.connected)} connected${
    trouble.length === 0 ? '. Nothing needs attention.' : `; ${trouble.join(', ')}.`
  }</p>
</section>`
}
