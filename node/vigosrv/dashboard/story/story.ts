import type { HistoryEntry, ReleaseHash } from '#config/store'
import type { FleetCounts } from '../../fleet/types.ts'
import type { Canary, RolloutStatus, StagedCanary } from '../../rollout/types.ts'
import type { Tone } from '../widgets/words.ts'

type Verdict = RolloutStatus['verdicts'][number]

/** One host that a release did not work on, in the words of its run. */
export interface FailureSeen {
  readonly host: string
  readonly peer: string
  readonly run: string
  readonly resource: string
  readonly message: string
  readonly at: number
}

/** One step on the way of a release, in the order in which they happened. */
export type Step =
  | { readonly kind: 'published'; readonly at: number; readonly entry: HistoryEntry }
  | { readonly kind: 'announced'; readonly at: number; readonly by: string; readonly selector: string }
  | { readonly kind: 'canaries'; readonly at: number; readonly canary: StagedCanary }
  | { readonly kind: 'failures'; readonly at: number; readonly seen: readonly FailureSeen[]; readonly more: number }
  | { readonly kind: 'promoted' | 'stopped'; readonly at: number; readonly reason: string }
  /** The canaries said nothing clear: somebody has to decide. */
  | { readonly kind: 'asking'; readonly at: number; readonly problem: string }
  | { readonly kind: 'verdict'; readonly at: number; readonly verdict: Verdict; readonly to: HistoryEntry | null }
  | {
      readonly kind: 'rolled-back'
      readonly at: number
      readonly entry: HistoryEntry
      readonly to: HistoryEntry | null
    }
  | {
      readonly kind: 'watching'
      readonly at: number
      readonly until: number
      readonly judged: number
      readonly harmed: number
    }
  | {
      readonly kind: 'spread'
      readonly at: number
      readonly release: ReleaseHash
      readonly done: number
      readonly total: number
    }

/** What became of the newest release. */
export interface Story {
  readonly tone: Tone
  readonly headline: string
  /** The entry that is live; null before the first publish. */
  readonly live: HistoryEntry | null
  /** The entry that the story is about: the live one, or the one that was just taken back. */
  readonly subject: HistoryEntry | null
  readonly steps: readonly Step[]
  /** Of the live release, or of the staged one among its canaries. */
  readonly progress: { readonly release: ReleaseHash; readonly done: number; readonly total: number } | null
}

export interface StoryFacts {
  readonly live: ReleaseHash | null
  /** The newest first. */
  readonly entries: readonly HistoryEntry[]
  readonly rollout: RolloutStatus
  readonly counts: FleetCounts
  /** Of the subject. */
  readonly failures: readonly FailureSeen[]
  readonly now: number
}

/** The entry that is live, and the one that the story is about. */
export function subjectOf(
  live: ReleaseHash | null,
  entries: readonly HistoryEntry[],
): { live: HistoryEntry | null; subject: HistoryEntry | null } {
  const current = entries.find(({ release }) => release === live) ?? null
  if (current?.kind !== 'rollback') return { live: current, subject: current }
  const taken = entries.find(({ release, number }) => release === current.basedOn && number < current.number)
  return { live: current, subject: taken ?? current }
}

/** Hosts that failed with the subject, as canaries or in the eyes of the monitor. */
export function harmedHosts(subject: HistoryEntry | null, { canary, verdicts, monitor }: RolloutStatus): string[] {
  if (subject === null) return []
  const hosts = new Set<string>()
  if (canary !== null && isStaged(canary) && canary.release === subject.release)
    for (const host of canary.failed) hosts.add(host)
  for (const verdict of verdicts)
    if (verdict.release === subject.release) for (const host of verdict.evidence.harmedHosts) hosts.add(host)
  if (monitor.phase === 'watching' && monitor.release === subject.release)
    for (const host of monitor.evidence.harmedHosts) hosts.add(host)
  return [...hosts]
}

export function storyOf(facts: StoryFacts): Story {
  const { entries, rollout, counts, now } = facts
  const { live, subject } = subjectOf(facts.live, entries)
  if (live === null || subject === null) {
    return { tone: 'quiet', headline: 'No release is live yet', live, subject, steps: [], progress: null }
  }
  const isTakenBack = subject.number !== live.number
  const canary = canaryOf(subject, rollout.canary)
  const isStagedNow = canary?.phase === 'watching'
  const done = counts.releases[live.release] ?? 0
  const progress = isStagedNow
    ? { release: live.release, done: canary.converged.length + canary.failed.length, total: canary.hosts.length }
    : { release: live.release, done, total: counts.envoys }
  const backAt = isTakenBack ? Date.parse(live.time) : Number.POSITIVE_INFINITY
  const steps = [...stepsOf(facts, subject, canary, backAt), ...(isTakenBack ? [takenBack(live, entries)] : [])]
  if (!isStagedNow) steps.push({ kind: 'spread', at: now, ...progress })
  return {
    ...headlineOf(live, subject, canary, progress, rollout),
    live,
    subject,
    steps: steps.toSorted(inOrder),
    progress,
  }
}

type Staged = Exclude<Canary, { readonly phase: 'announced' }>

function isStaged(canary: Canary): canary is Staged {
  return canary.phase !== 'announced'
}

function canaryOf(subject: HistoryEntry, canary: Canary | null): Staged | null {
  return canary !== null && isStaged(canary) && canary.release === subject.release ? canary : null
}

function stepsOf(
  { entries, rollout, failures, now }: StoryFacts,
  subject: HistoryEntry,
  canary: Staged | null,
  backAt: number,
): Step[] {
  const publishedAt = Date.parse(subject.time)
  const restored = entries.find(({ number }) => number === subject.restores) ?? null
  const steps: Step[] = [
    subject.kind === 'rollback'
      ? { kind: 'rolled-back', at: publishedAt, entry: subject, to: restored }
      : { kind: 'published', at: publishedAt, entry: subject },
  ]
  if (rollout.canary?.phase === 'announced') {
    const { since, by, selector } = rollout.canary
    steps.push({ kind: 'announced', at: since, by, selector })
  }
  if (canary !== null) {
    steps.push({ kind: 'canaries', at: Math.max(canary.since, publishedAt), canary })
    // It counts as stopped once the roll back is done; to a reader it is the reason for that.
    if (canary.phase !== 'watching') {
      steps.push({ kind: canary.phase, at: Math.min(canary.at, backAt), reason: canary.reason })
    } else if (canary.problem !== undefined) {
      steps.push({ kind: 'asking', at: now, problem: canary.problem })
    }
  }
  const verdict = rollout.verdicts.find(each => each.release === subject.release && each.at >= publishedAt)
  if (verdict !== undefined) {
    const to = verdict.verdict === 'rollback' ? entryBefore(subject, verdict.to, entries) : null
    steps.push({ kind: 'verdict', at: verdict.at, verdict, to })
  }
  const end = Math.min(verdict?.at ?? now, canary !== null && canary.phase !== 'watching' ? canary.at : now, backAt)
  const first = failures[0]
  if (first !== undefined) {
    const harmed = harmedHosts(subject, rollout).length
    const at = Math.max(publishedAt, Math.min(first.at, end))
    steps.push({ kind: 'failures', at, seen: failures, more: Math.max(0, harmed - failures.length) })
  }
  const { monitor } = rollout
  if (monitor.phase === 'watching' && monitor.release === subject.release && canary?.phase !== 'watching') {
    const { until, evidence } = monitor
    steps.push({ kind: 'watching', at: now, until, judged: evidence.judged, harmed: evidence.harmed })
  }
  return steps
}

/** The entry that a release had at that time: a roll back gives the same files a new number later. */
function entryBefore(
  { number }: HistoryEntry,
  release: ReleaseHash,
  entries: readonly HistoryEntry[],
): HistoryEntry | null {
  return entries.find(entry => entry.release === release && entry.number < number) ?? null
}

function takenBack(live: HistoryEntry, entries: readonly HistoryEntry[]): Step {
  const to = entries.find(({ number }) => number === live.restores) ?? null
  return { kind: 'rolled-back', at: Date.parse(live.time), entry: live, to }
}

/** What happens in the same moment happens in this order. */
const ORDER: readonly Step['kind'][] = [
  'published',
  'announced',
  'canaries',
  'failures',
  'verdict',
  'promoted',
  'stopped',
  'rolled-back',
  'asking',
  'watching',
  'spread',
]

function inOrder(a: Step, b: Step): number {
  return a.at - b.at || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)
}

function headlineOf(
  live: HistoryEntry,
  subject: HistoryEntry,
  canary: Staged | null,
  { done, total }: { done: number; total: number },
  { monitor, verdicts }: RolloutStatus,
): Pick<Story, 'tone' | 'headline'> {
  if (subject.number !== live.number) {
    return { tone: 'bad', headline: `Release #${subject.number} was rolled back; #${live.number} is live` }
  }
  if (canary?.phase === 'watching') {
    if (canary.problem !== undefined) {
      return { tone: 'warn', headline: `Release #${live.number} waits for you: its canaries said nothing clear` }
    }
    const tone = canary.failed.length > 0 ? 'warn' : 'notice'
    return { tone, headline: `Release #${live.number} is being tried on ${canary.hosts.length} canaries` }
  }
  const verdict = verdicts.find(each => each.release === live.release && each.at >= Date.parse(live.time))
  if (verdict !== undefined && verdict.verdict !== 'healthy' && verdict.verdict !== 'rollback') {
    return {
      tone: 'warn',
      headline: `Release #${live.number} is live; its monitor could not tell whether it does harm`,
    }
  }
  if (total > 0 && done < total) {
    return { tone: 'notice', headline: `Release #${live.number} is on its way: ${done} of ${total} envoys have it` }
  }
  const isWatched = monitor.phase === 'watching' && monitor.release === live.release
  return {
    tone: 'good',
    headline: `Release #${live.number} is live${total > 0 ? ' everywhere' : ''}${isWatched ? ', and watched' : ''}`,
  }
}
