import type { ProjectRow, SpannerStatus } from '#node/api'
import type { Clock } from '#node/kit'
import type { BoltsView } from '../bolt-watch.ts'
import type { ServerInstruments } from './instruments.ts'

/** Each project is a question to its repository; they change seldom. */
const PROJECTS_MS = 60_000

export interface BoltsSource {
  readonly bolts: Pick<BoltsView, 'status' | 'behindSince'>
  readonly clock: Clock
  readonly projects: () => Promise<readonly Pick<ProjectRow, 'diverged'>[]>
}

/** Servers that share a configuration, and projects, as they were a moment ago. One that stands alone is the only one, and follows. */
export function watchBolts(metrics: ServerInstruments, { bolts, clock, projects }: BoltsSource): void {
  let readAt = Number.NEGATIVE_INFINITY
  metrics.instruments.collect(async () => {
    if (bolts.status !== null) count(metrics, bolts.status, bolts, clock.now())
    if (clock.now() - readAt < PROJECTS_MS) return
    const rows = await projects()
    metrics.projectsDiverged.set(rows.filter(({ diverged }) => diverged > 0).length)
    readAt = clock.now()
  })
}

function count(
  metrics: ServerInstruments,
  { mode, bolts, heads, state }: SpannerStatus,
  view: BoltsSource['bolts'],
  now: number,
): void {
  const isAlone = mode === 'standalone'
  const shared = isAlone ? bolts.filter(({ isSelf }) => isSelf) : bolts
  metrics.bolts.set({ state: 'known' }, shared.length)
  metrics.bolts.set({ state: 'connected' }, shared.filter(({ isConnected }) => isConnected).length)
  metrics.bolts.set({ state: 'following' }, shared.filter(({ follows }) => follows).length)
  const since = shared.map(({ peer }) => view.behindSince(peer)).filter(time => time !== null)
  metrics.boltLag.set(since.length === 0 ? 0 : Math.max(0, now - Math.min(...since)) / 1000)
  metrics.stacksHeads.set(isAlone ? 1 : heads.length)
  metrics.diverged.set(state === 'diverged' ? 1 : 0)
  metrics.notFollowing.set(state === 'behind' || state === 'refused' ? 1 : 0)
}
