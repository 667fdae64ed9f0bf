import type { Page, Visit } from '../../page.ts'
import { attention } from './attention.ts'
import { axes } from './axes.ts'
import { curve } from './curve.ts'
import { headline } from './headline.ts'
import { releasePanel } from './release-panel.ts'
import { working } from './working.ts'

/** The fleet in one screen. */
export function overviewPage(visit: Visit): Page {
  const { parts } = visit
  return {
    title: 'Fleet',
    name: 'overview',
    fragments: [
      { id: 'headline', render: () => headline(parts) },
      { id: 'release', render: () => releasePanel(visit) },
      { id: 'axes', render: () => axes(parts.fleet.counts()) },
      { id: 'curve', render: () => curve(parts) },
      { id: 'working', render: () => working(parts) },
      { id: 'attention', render: () => attention(parts) },
    ],
  }
}
