import type { HistoryEntry } from '#config/store'
import type { FleetSample } from '../../../fleet/types.ts'
import { type Html, html } from '../../html.ts'
import type { DashboardParts } from '../../parts.ts'
import { type ChartMark, convergenceChart } from '../../widgets/chart.ts'

const SPAN_MS = 24 * 3_600_000
/** A young fleet is not squeezed into the last pixels of a day. */
const MIN_SPAN_MS = 30 * 60_000
const MAX_MARKS = 6

export async function curve({ fleet, history, clock }: DashboardParts): Promise<Html> {
  const to = clock.now()
  const samples = await fleet.samples({ since: to - SPAN_MS })
  const from = Math.min(samples[0]?.at ?? to - SPAN_MS, to - MIN_SPAN_MS)
  return html`<section id="curve" class="card curve"><h2>Convergence <small>${spanOf(samples, to)}</small></h2>
${convergenceChart({ samples, marks: marksOf(await history.entries()), from, to })}</section>`
}

function spanOf(samples: readonly FleetSample[], to: number): string {
  const first = samples[0]?.at ?? to
  const hours = Math.round((to - first) / 3_600_000)
  return hours >= 2 ? `last ${hours} hours` : 'last two hours'
}

function marksOf(entries: readonly HistoryEntry[]): ChartMark[] {
  return entries.slice(0, MAX_MARKS).map(({ number, time, kind }) => ({
    at: Date.parse(time),
    text: `#${number}`,
    isBad: kind === 'rollback',
  }))
}
