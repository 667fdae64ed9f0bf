import { setTimeout as sleep } from 'node:timers/promises'
import { paint, type StatusLine } from '#cli/shell'
import { type ReleaseHash, shortHash } from '#config/store'
import type { ApiClient, BoltRow, SpannerStatus } from '#node/api'
import { Deadline } from '#node/kit'

const POLL_MS = 250

/** What became of a release on the other bolts. */
export interface Followed {
  readonly bolts: readonly BoltOutcome[]
  /** Something else went live meanwhile, or not all bolts agree on what is the newest. */
  readonly end: 'all' | 'late' | 'superseded' | 'diverged'
}

export interface BoltOutcome {
  readonly bolt: string
  readonly state: 'follows' | 'refused' | 'behind' | 'not-connected'
  readonly problem: string
}

export interface FollowOptions {
  readonly wait: 'all' | 'one' | 'none'
  readonly waitMs: number
  readonly line: StatusLine
  readonly signal: AbortSignal
  /** When a bolt has it. */
  readonly onBolt: (bolt: BoltRow) => void
}

/** Looks at the bolts until all have the release that is live here, or the time is over. Bolts that drain follow like others. */
export async function followBolts(client: ApiClient, release: ReleaseHash, options: FollowOptions): Promise<Followed> {
  const { wait, waitMs, line, signal, onBolt } = options
  const { serverRoutes } = await import('#node/api')
  const told = new Set<string>()
  using deadline = new Deadline(waitMs, 'until the other bolts follow', signal)
  try {
    for (;;) {
      const status = await client.call(serverRoutes.spannerStatus, {}, { signal })
      for (const bolt of status.bolts) {
        if (!bolt.follows || told.has(bolt.peer)) continue
        told.add(bolt.peer)
        line.clear()
        onBolt(bolt)
      }
      const bolts = status.bolts.map(outcomeOf)
      const end = endOf(status, release, bolts)
      if (end !== null) return { bolts, end }
      signal.throwIfAborted()
      if (wait !== 'all' || deadline.signal.aborted) return { bolts, end: 'late' }
      line.show(`waiting for ${awaited(bolts).join(', ')} to have ${shortHash(release)}`)
      await sleep(POLL_MS, undefined, { signal: deadline.signal }).catch(() => signal.throwIfAborted())
    }
  } finally {
    line.clear()
  }
}

function endOf(status: SpannerStatus, release: ReleaseHash, bolts: readonly BoltOutcome[]): Followed['end'] | null {
  if (status.state === 'diverged') return 'diverged'
  if (status.release !== release) return 'superseded'
  return bolts.every(({ state }) => state === 'follows') ? 'all' : null
}

export function outcomeOf({ hostname: bolt, follows, isConnected, report }: BoltRow): BoltOutcome {
  if (follows) return { bolt, state: 'follows', problem: '' }
  if (!isConnected) return { bolt, state: 'not-connected', problem: 'it is not connected; it follows when it is back' }
  const problem = report?.problem ?? ''
  if (problem !== '') return { bolt, state: 'refused', problem }
  const has = report === null ? 'it has not said what it has' : `it still has ${shown(report.release)}`
  return { bolt, state: 'behind', problem: has }
}

function shown(release: ReleaseHash | null): string {
  return release === null ? 'nothing' : shortHash(release)
}

function awaited(bolts: readonly BoltOutcome[]): string[] {
  return bolts.filter(({ state }) => state !== 'follows').map(({ bolt }) => bolt)
}

/** A line for each bolt that has the release. */
export function tellBolt({ hostname, isSelf }: BoltRow): void {
  const here = isSelf ? ' (the server that was asked)' : ''
  process.stderr.write(`${paint('dim', `${hostname} has it${here}.`, process.stderr)}\n`)
}
