import type { HistoryEntry } from '#config/store'
import { formatDuration } from '#node/kit'
import type { RunSummary } from '../../fleet/types.ts'
import { type Html, html, type Renderable } from '../html.ts'
import { badge } from './badge.ts'
import { releaseLink } from './release-name.ts'
import { stateCounts } from './state-counts.ts'
import { type Column, table } from './table.ts'
import { ago } from './time.ts'
import { OUTCOME_WORDS } from './words.ts'

export interface RunRow {
  readonly peer: string
  /** Null where the page is about one envoy. */
  readonly hostname: string | null
  readonly run: RunSummary
}

export function runTable(options: {
  readonly rows: readonly RunRow[]
  readonly entries: readonly HistoryEntry[]
  readonly now: number
  readonly empty: Renderable
}): Html {
  const { rows, entries, now, empty } = options
  const host: Column<RunRow> = {
    title: 'Host',
    isHeading: true,
    cell: ({ peer, hostname }) => html`<a href="/envoys/${peer}">${hostname}</a>`,
  }
  const isOfMany = rows.some(({ hostname }) => hostname !== null)
  return table({
    caption: 'Runs, the newest first',
    rows,
    empty,
    columns: [
      ...(isOfMany ? [host] : []),
      {
        title: 'Run',
        isHeading: !isOfMany,
        cell: ({ peer, run }) => html`<a href="/envoys/${peer}/runs/${run.id}">${ago(run.receivedAt, now)}</a>`,
      },
      { title: 'Outcome', isPlain: true, cell: ({ run }) => html`${badge(OUTCOME_WORDS[run.outcome])}${modeOf(run)}` },
      { title: 'Release', isPlain: true, cell: ({ run }) => releaseLink(run.release, entries) },
      { title: 'Resources', isPlain: true, cell: ({ run }) => stateCounts(run.counts) },
      { title: 'Took', isNumber: true, cell: ({ run }) => formatDuration(run.durationMs) },
    ],
  })
}

function modeOf({ mode, offline }: RunSummary): Html {
  return html`${mode === 'dry-run' && html` <span class="tag">dry run</span>`}${offline && html` <span class="tag" title="from the bundle that was kept, because no server answered">offline</span>`}`
}
