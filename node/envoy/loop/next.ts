import { backoff, jitter, type Random } from '#node/kit'
import {
  ANSWER_MS,
  type Answer,
  CALL_GAP_MS,
  FIRST_RETRY_MS,
  JITTER,
  type Link,
  type LoopAction,
  type LoopEvent,
  type LoopState,
  MAX_INTERVAL_MS,
  MAX_REPORT_MS,
  MAX_RETRY_MS,
  MIN_INTERVAL_MS,
  REPORT_MS,
} from './state.ts'

export interface LoopParameters {
  /** This machine's place in the interval, in [0, 1): the same for its whole life, and spread over the fleet. */
  readonly splay: number
  readonly random: Random
}

type Online = Extract<Link, { kind: 'online' }>
type Step = readonly [state: LoopState, actions: readonly LoopAction[]]

/** What the loop does when something happens. Pure but for `random`. */
export function next(state: LoopState, event: LoopEvent, parameters: LoopParameters): Step {
  const [after, actions] = happened(state, event, parameters)
  const [settled, due] = dueActions(after, event.at, parameters)
  return [settled, [...actions, ...due]]
}

/** When the next `tick` must come at the latest; Infinity when only an event from outside can change anything. */
export function wakeAt(state: LoopState): number {
  const { link, dueAt } = state
  switch (link.kind) {
    case 'dialling':
      return Number.POSITIVE_INFINITY
    case 'away':
      return Math.min(link.retryAt, state.hasBundle ? dueAt : Number.POSITIVE_INFINITY)
    case 'online':
      return Math.min(
        link.checkIn === null ? Math.min(dueAt, link.calledAt ?? dueAt) : link.checkIn.sentAt + ANSWER_MS,
        link.sent === null ? Number.POSITIVE_INFINITY : link.sent.at + patience(link.sent.tries),
      )
  }
}

function happened(state: LoopState, event: LoopEvent, parameters: LoopParameters): Step {
  const { link } = state
  switch (event.type) {
    case 'start': {
      const started: LoopState = { ...state, hasBundle: event.hasBundle, dueAt: event.at }
      return [{ ...started, link: { kind: 'dialling', attempt: 0 } }, [{ type: 'dial' }]]
    }
    case 'tick':
      return [state, []]
    case 'bolt-near':
      return link.kind === 'away' ? [{ ...state, link: { ...link, retryAt: event.at } }, []] : [state, []]
    case 'linked':
      return linked(state, event.bolt, event.at)
    case 'unlinked':
      return link.kind === 'away' ? [state, []] : [unlinked(state, event.reason, event.at, parameters), []]
    case 'answered':
      return answered(state, event.answer, event.at, parameters)
    case 'called':
      if (link.kind !== 'online') return [state, []]
      return [{ ...state, link: { ...link, calledAt: Math.max(event.at, (link.checkedInAt ?? 0) + CALL_GAP_MS) } }, []]
    case 'move':
      return move(state)
    case 'run-ended':
      return runEnded(state, event.at)
    case 'queue': {
      const isStored = link.kind === 'online' && link.sent !== null && link.sent.report !== event.oldest
      return [{ ...state, report: event.oldest, link: isStored ? { ...link, sent: null } : link }, []]
    }
  }
}

/** Everything that is due by now, whatever has just happened. */
function dueActions(state: LoopState, at: number, parameters: LoopParameters): Step {
  switch (state.link.kind) {
    case 'dialling':
      return [state, []]
    case 'away':
      return dueAway(state, state.link, at, parameters)
    case 'online':
      return dueOnline(state, state.link, at, parameters)
  }
}

function dueAway(
  state: LoopState,
  link: Extract<Link, { kind: 'away' }>,
  at: number,
  parameters: LoopParameters,
): Step {
  const actions: LoopAction[] = []
  let after = state
  if (at >= state.dueAt && state.hasBundle) {
    const [running, started] = isStale(state, at) ? wantRun(state, at, true) : ([state, []] as const)
    after = { ...running, ...scheduled(running, at, parameters) }
    actions.push(...started)
  }
  if (at < link.retryAt) return [after, actions]
  return [{ ...after, link: { kind: 'dialling', attempt: link.attempt } }, [...actions, { type: 'dial' }]]
}

function dueOnline(state: LoopState, link: Online, at: number, parameters: LoopParameters): Step {
  if (link.checkIn !== null && at >= link.checkIn.sentAt + ANSWER_MS) {
    const reason = `the server did not answer for ${ANSWER_MS / 1000} s`
    return [unlinked(state, reason, at, parameters), [{ type: 'unlink', reason }]]
  }
  const actions: LoopAction[] = []
  let online = link
  const isDue = at >= state.dueAt
  const isCalled = link.calledAt !== null && at >= link.calledAt
  if (link.checkIn === null && (isDue || isCalled)) {
    online = { ...online, checkIn: { sentAt: at, isCalled: !isDue }, checkedInAt: at, calledAt: null }
    actions.push({ type: 'check-in' })
  }
  const sent = reportToSend(state, online, at)
  if (sent !== null) {
    online = { ...online, sent }
    actions.push({ type: 'send-report', id: sent.report })
  }
  return [{ ...state, link: online }, actions]
}

function reportToSend({ report }: LoopState, { sent }: Online, at: number): Online['sent'] {
  if (report === null) return null
  if (sent === null) return { report, at, tries: 0 }
  return at >= sent.at + patience(sent.tries) ? { report, at, tries: sent.tries + 1 } : null
}

/** Between check-ins and runs; a report that is on its way is waited for, unless the bolt has let it wait already. */
function move(state: LoopState): Step {
  const { link, run } = state
  if (link.kind !== 'online' || link.checkIn !== null || run.kind === 'running') return [state, []]
  if (link.sent !== null && link.sent.tries === 0) return [state, []]
  const reason = 'another server should serve this machine'
  return [{ ...state, link: { kind: 'dialling', attempt: 0 } }, [{ type: 'leave', reason }, { type: 'dial' }]]
}

function linked(state: LoopState, bolt: string, at: number): Step {
  const attempt = state.link.kind === 'online' ? 0 : state.link.attempt
  const link: Online = { kind: 'online', bolt, attempt, checkIn: null, checkedInAt: null, calledAt: at, sent: null }
  return [{ ...state, link }, []]
}

/** Back to waiting. A check-in that got no answer is made up for by a run from the kept bundle. */
function unlinked(state: LoopState, reason: string, at: number, { random }: LoopParameters): LoopState {
  const { link } = state
  const attempt = link.kind === 'online' ? link.attempt : link.attempt + (link.kind === 'dialling' ? 1 : 0)
  const retryAt = at + backoffMs(attempt, state.intervalMs, random)
  const isUnanswered = link.kind === 'online' && link.checkIn !== null && !link.checkIn.isCalled
  return {
    ...state,
    dueAt: isUnanswered ? Math.min(at, state.dueAt) : state.dueAt,
    link: { kind: 'away', attempt: link.kind === 'online' ? attempt + 1 : attempt, retryAt, reason },
  }
}

function answered(state: LoopState, answer: Answer, at: number, parameters: LoopParameters): Step {
  const { link } = state
  if (link.kind !== 'online' || link.checkIn === null) return [state, []]
  const { isCalled } = link.checkIn
  const online: LoopState = { ...state, link: { ...link, checkIn: null, attempt: 0 } }
  if (answer.kind === 'refused') {
    const kept = { ...online, dueAt: at + clamped(answer.retryMs) }
    return isStale(kept, at) && kept.hasBundle ? wantRun(kept, at, false) : [kept, []]
  }
  const intervalMs = clamped(answer.intervalMs)
  const hasNewInterval = intervalMs !== state.intervalMs
  const timed: LoopState = { ...online, intervalMs, isSplayed: online.isSplayed && !hasNewInterval }
  const isOnSchedule = isCalled && timed.isSplayed && state.dueAt > at
  const after: LoopState = isOnSchedule ? timed : { ...timed, ...scheduled(timed, at, parameters) }
  if (answer.kind === 'no-policy') return [withoutBundle(after), []]
  const known = { ...after, hasBundle: true }
  const isNews = isCalled || (answer.kind === 'bundle' && answer.isNew)
  return known.run.kind === 'running' && !isNews ? [known, []] : wantRun(known, at, false)
}

function withoutBundle(state: LoopState): LoopState {
  return { ...state, hasBundle: false, run: state.run.kind === 'running' ? { ...state.run, next: null } : state.run }
}

/** One run at a time; at most one waits, and what it applies is what there is when it begins. */
function wantRun(state: LoopState, at: number, isOffline: boolean): Step {
  if (state.run.kind === 'running') return [{ ...state, run: { kind: 'running', next: { isOffline } } }, []]
  return [{ ...state, ranAt: at, run: { kind: 'running', next: null } }, [{ type: 'run', isOffline }]]
}

function runEnded(state: LoopState, at: number): Step {
  const waiting = state.run.kind === 'running' ? state.run.next : null
  const idle: LoopState = { ...state, run: { kind: 'none' } }
  return waiting === null ? [idle, []] : wantRun(idle, at, waiting.isOffline)
}

/** A run is due again although no server asks for one. */
function isStale({ ranAt, intervalMs }: LoopState, at: number): boolean {
  return ranAt === null || at - ranAt >= intervalMs * (1 - 2 * JITTER)
}

/** The next time, from now on. */
function scheduled(
  { intervalMs, isSplayed }: LoopState,
  at: number,
  { splay, random }: LoopParameters,
): Pick<LoopState, 'dueAt' | 'isSplayed'> {
  const share = Math.max(0.1, splay)
  return { dueAt: at + (isSplayed ? jitter(intervalMs, JITTER, random) : intervalMs * share), isSplayed: true }
}

/** Doubles from a second to a minute, or the interval when that is shorter; at random in its upper half. */
export function backoffMs(attempt: number, intervalMs: number, random: Random): number {
  const most = Math.max(FIRST_RETRY_MS * 4, Math.min(MAX_RETRY_MS, intervalMs))
  return backoff(attempt, { firstMs: FIRST_RETRY_MS, mostMs: most }, random)
}

function patience(tries: number): number {
  return Math.min(MAX_REPORT_MS, REPORT_MS * 2 ** tries)
}

function clamped(durationMs: number): number {
  return Number.isFinite(durationMs) ? Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, durationMs)) : MAX_RETRY_MS
}
