import type { FleetSample, FleetStatus } from '../../fleet/types.ts'
import { type Html, html } from '../html.ts'
import { percent } from './counted.ts'
import { clockTime } from './time.ts'
import type { Tone } from './words.ts'

/** From the bottom up. */
const BANDS: readonly (readonly [FleetStatus, Tone, string])[] = [
  ['converged', 'good', 'converged'],
  ['degraded', 'warn', 'degraded'],
  ['failed', 'bad', 'failed'],
  ['no-data', 'quiet', 'no data'],
]

export interface ChartMark {
  readonly at: number
  readonly text: string
  readonly isBad: boolean
}

const WIDTH = 1000
const MAX_POINTS = 300
const PLOT = { top: 18, height: 132, axis: 166, total: 174 }

/** Shares of the fleet by status over time, with marks where releases went live. */
export function convergenceChart(options: {
  readonly samples: readonly FleetSample[]
  readonly marks: readonly ChartMark[]
  readonly from: number
  readonly to: number
}): Html {
  const { samples, marks, from, to } = options
  const points = thinned(samples.filter(({ at, counts }) => at >= from && at <= to && counts.envoys > 0))
  const [first] = points
  const last = points.at(-1)
  if (points.length < 2 || first === undefined || last === undefined)
    return html`<p class="empty">The curve begins when envoys have reported for some minutes.</p>`
  const x = (at: number): number => ((at - from) * WIDTH) / (to - from)
  const floor = floorOf(points)
  const label = `Share of envoys by status over time: ${convergedShare(first)} % converged at the beginning, ${convergedShare(last)} % at the end, ${Math.min(...points.map(convergedShare))} % at the lowest`
  return html`<figure class="chart">
<svg role="img" aria-label="${label}" height="${PLOT.total}">
<svg y="${PLOT.top}" width="100%" height="${PLOT.height}" viewBox="0 0 ${WIDTH} ${100 - floor}" preserveAspectRatio="none">${bands(points, x)}</svg>
${gridLines(floor)}
${markLines(marks, at => (x(at) * 100) / WIDTH)}
${hours(from, to).map(at => hourLabel(at, (x(at) * 100) / WIDTH))}
</svg>
<figcaption class="legend">${BANDS.map(([, tone, text]) => html`<span><i class="swatch is-${tone}"></i>${text}</span>`)}<span><i class="swatch is-mark"></i>release goes live</span></figcaption>
</figure>`
}

function convergedShare({ counts }: FleetSample): number {
  return percent(counts.status.converged, counts.envoys)
}

/** Where the axis begins: a fleet that is well shows what is not in a few percent. */
function floorOf(points: readonly FleetSample[]): number {
  const lowest = Math.min(...points.map(convergedShare))
  return Math.max(0, Math.floor((lowest - 5) / 25) * 25)
}

function bands(points: readonly FleetSample[], x: (at: number) => number): Html[] {
  const bases = points.map(() => 0)
  return BANDS.map(([status, tone]) => {
    const lower = points.map(({ at }, index) => corner(x(at), bases[index] ?? 0))
    for (const [index, { counts }] of points.entries()) {
      bases[index] = (bases[index] ?? 0) + (counts.status[status] * 100) / counts.envoys
    }
    const upper = points.map(({ at }, index) => corner(x(at), bases[index] ?? 0))
    return html`<polygon class="fill-${tone}" points="${[...lower, ...upper.toReversed()].join(' ')}"/>`
  })
}

function corner(x: number, share: number): string {
  return `${x.toFixed(1)},${(100 - share).toFixed(2)}`
}

function gridLines(floor: number): Html[] {
  const middle = (100 + floor) / 2
  return [floor, middle, 100].map(share => {
    const y = PLOT.top + (PLOT.height * (100 - share)) / (100 - floor)
    return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="tick" x="-8" y="${y + 4}" text-anchor="end">${share} %</text>`
  })
}

/** Labels nearer than this, in percent of the width, become one. */
const LABEL_WIDTH = 5

function markLines(marks: readonly ChartMark[], x: (at: number) => number): Html[] {
  const shown = marks
    .map(mark => ({ ...mark, x: x(mark.at) }))
    .filter(mark => mark.x > 0 && mark.x < 100)
    .toSorted((a, b) => a.x - b.x)
  let pending: string[] = []
  return shown.map((mark, at) => {
    pending.push(mark.text)
    const next = shown[at + 1]
    const isCrowded = next !== undefined && next.x - mark.x < LABEL_WIDTH
    const text = isCrowded ? null : pending.join(' ')
    if (!isCrowded) pending = []
    return markLine(mark, text)
  })
}

function markLine({ x, isBad }: { x: number; isBad: boolean }, text: string | null): Html {
  const at = `${x.toFixed(2)}%`
  const anchor = x > 88 ? 'end' : x < 4 ? 'start' : 'middle'
  return html`<g class="${isBad ? 'mark is-bad' : 'mark'}"><line x1="${at}" x2="${at}" y1="${PLOT.top - 4}" y2="${PLOT.top + PLOT.height}"/>${text !== null && html`<text x="${at}" y="11" text-anchor="${anchor}">${text}</text>`}</g>`
}

function hourLabel(at: number, x: number): Html {
  return html`<text class="tick" x="${x.toFixed(2)}%" y="${PLOT.axis}" text-anchor="middle">${clockTime(at)}</text>`
}

const HOUR = 3_600_000

/** Full hours, four or so of them, not too near to the ends. */
function hours(from: number, to: number): number[] {
  const steps = [1, 2, 3, 6, 12].map(count => count * HOUR)
  const step = steps.find(each => (to - from) / each <= 5) ?? 24 * HOUR
  const first = Math.ceil(from / step) * step
  const margin = (to - from) / 25
  const found: number[] = []
  for (let at = first; at <= to; at += step) if (at - from > margin && to - at > margin) found.push(at)
  return found
}

/** The last sample of each stretch: a chart has no more points than a screen. */
function thinned(samples: readonly FleetSample[]): readonly FleetSample[] {
  const every = Math.ceil(samples.length / MAX_POINTS)
  if (every <= 1) return samples
  return samples.filter((_sample, at) => (samples.length - 1 - at) % every === 0)
}
