import { noCounts, outcomeOf, type Run } from '#node/checkin'
import { formatDuration } from '#node/kit'
import type { Converged } from '../converge/index.ts'
import { isBad } from '../converge/pass.ts'
import type { AgentBundle } from './received-bundle.ts'
import type { LoopState } from './state.ts'

export interface LoopStatus {
  /** The server that it talks to at this moment. */
  readonly bolt: string | null
  readonly mode: Run['mode']
  readonly release: string | null
  readonly bundle: string | null
  readonly intervalMs: number
  readonly lastCheckIn: number | null
  readonly nextCheckIn: number | null
  readonly isRunning: boolean
  readonly lastRun: LastRun | null
  readonly queuedReports: number
  readonly droppedReports: number
  /** A sentence for everything that is waited for. */
  readonly waiting: string[]
}

export interface LastRun {
  readonly id: string
  readonly outcome: string
  readonly mode: Run['mode']
  readonly release: string
  readonly offline: boolean
  readonly startedAt: number
  readonly durationMs: number
  readonly counts: Record<string, number>
  /** What failed or was blocked. */
  readonly failing: { id: string; state: string; message: string }[]
}

export interface StatusFacts {
  readonly state: LoopState
  /** Of the wall clock. */
  readonly checkedInAt: number | null
  /** Why the last answer brought nothing to apply; empty when it did. */
  readonly problem: string
  readonly lastRun: Converged | null
  readonly runningSince: number | null
  readonly bundle: AgentBundle | null
  readonly queued: number
  readonly dropped: number
  readonly mode: Run['mode']
  readonly secretsProblem: string
  readonly nowMs: number
  readonly monotonicMs: number
}

const MAX_FAILING = 50

export function statusOf(facts: StatusFacts): LoopStatus {
  const { state, bundle, queued, dropped, mode, nowMs, monotonicMs } = facts
  const { link } = state
  const wallOf = (at: number): number => Math.round(nowMs + Math.max(0, at - monotonicMs))
  return {
    bolt: link.kind === 'online' ? link.bolt : null,
    mode,
    release: bundle?.release ?? null,
    bundle: bundle?.hash ?? null,
    intervalMs: state.intervalMs,
    lastCheckIn: facts.checkedInAt,
    nextCheckIn: link.kind === 'online' && link.checkIn === null ? wallOf(state.dueAt) : null,
    isRunning: facts.runningSince !== null,
    lastRun: facts.lastRun === null ? null : lastRunOf(facts.lastRun),
    queuedReports: queued,
    droppedReports: dropped,
    waiting: waitingFor(facts),
  }
}

function lastRunOf({ run, results }: Converged): LastRun {
  const { id, mode, release, offline, startedAt, durationMs, counts } = run
  return {
    id,
    outcome: outcomeOf(run),
    mode,
    release,
    offline,
    startedAt,
    durationMs,
    counts: { ...noCounts(), ...counts },
    failing: results
      .filter(({ state }) => isBad(state))
      .slice(0, MAX_FAILING)
      .map(result => ({ id: result.id, state: result.state, message: result.message ?? '' })),
  }
}

function waitingFor(facts: StatusFacts): string[] {
  const { state, problem, runningSince, bundle, queued, mode, secretsProblem, nowMs, monotonicMs } = facts
  const { link } = state
  const sentences: string[] = []
  if (link.kind === 'away') {
    const inMs = Math.max(0, link.retryAt - monotonicMs)
    sentences.push(`no server answers (${link.reason}); the next try is in ${formatDuration(inMs)}`)
    if (bundle !== null) sentences.push('meanwhile the bundle that is kept here is applied')
  }
  if (link.kind === 'dialling') sentences.push('a server is being dialled')
  if (link.kind === 'online' && link.checkIn !== null) sentences.push('the answer to a check-in')
  if (problem !== '') sentences.push(problem)
  if (bundle === null && problem === '') sentences.push('the first bundle')
  if (runningSince !== null) {
    sentences.push(`the run that began ${formatDuration(Math.max(0, nowMs - runningSince))} ago`)
  }
  if (secretsProblem !== '') sentences.push(`values of secrets: ${secretsProblem}`)
  if (queued > 0 && link.kind !== 'online')
    sentences.push(`a server for ${queued} ${queued === 1 ? 'report' : 'reports'}`)
  if (mode === 'dry-run')
    sentences.push('the end of the dry run: this agent changes nothing until it runs without --dry-run and dry_run')
  return sentences
}
