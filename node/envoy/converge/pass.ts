import type { ResourceState } from '#node/checkin'
import type { Plan, Step } from './plan.ts'

/** Why a resource is applied again: what it listens to was changed on purpose, or put right. */
export type Trigger = 'changed' | 'corrected'

/** What comes next. */
export type Turn =
  | {
      readonly kind: 'visit'
      readonly at: number
      readonly trigger: Trigger | null
      /** Id of a resource that a dry run would have changed before, so that what is found now may not hold. */
      readonly doubt: string | null
      /** A dry run cannot tell whether something that triggers it would change. */
      readonly isTriggerOpen: boolean
    }
  /** Something that it depends on is not as it should be; `reason` names the culprit. */
  | { readonly kind: 'blocked'; readonly at: number; readonly trigger: Trigger | null; readonly reason: string }
  | { readonly kind: 'end' }

type Progress =
  | { readonly kind: 'waiting'; readonly trigger: Trigger | null; readonly doubt: string | null }
  /** `again`: a trigger came after its turn, which gives it one more turn at the end; never a third. */
  | {
      readonly kind: 'settled'
      readonly state: ResourceState
      readonly culprit: number | null
      readonly again: 'unasked' | Trigger | 'had'
    }

/**
 * One pass over a plan, without a machine: whose turn it is, and what follows from how a turn ended. Each resource has its turn in
 * the order of the plan; one that is triggered afterwards has one more at the end, so that a circle of triggers ends.
 */
export class Pass {
  readonly #steps: readonly Step[]
  readonly #progress: Progress[]
  #cursor = 0

  /** `owed`: ids of resources whose trigger came in an earlier run that did not get to them. */
  constructor(plan: Plan, owed: ReadonlyMap<string, Trigger> = new Map()) {
    this.#steps = plan.steps
    this.#progress = plan.steps.map(({ resource }) => ({
      kind: 'waiting',
      trigger: owed.get(resource.id) ?? null,
      doubt: null,
    }))
  }

  /** Whose turn it is; the same answer until that turn is settled. */
  turn(): Turn {
    const at = this.#cursor < this.#steps.length ? this.#cursor : this.#progress.findIndex(isDueAgain)
    const progress = this.#progress[at]
    const step = this.#steps[at]
    if (progress === undefined || step === undefined) return { kind: 'end' }
    const trigger = triggerOf(progress)
    const culprit = this.#culpritOf(step)
    if (culprit !== null) return { kind: 'blocked', at, trigger, reason: this.#reason(step, culprit) }
    const isTriggerOpen = trigger === null && progress.kind === 'waiting' && progress.doubt !== null
    return { kind: 'visit', at, trigger, doubt: this.#doubtOf(step, progress), isTriggerOpen }
  }

  /** Ends the turn of `at` with what was found or done. Answers whom that triggers: those whose turn, or second turn, is still to come. */
  settle(at: number, state: ResourceState): readonly number[] {
    const before = this.#progress[at]
    const step = this.#steps[at]
    if (before === undefined || step === undefined) throw new RangeError(`the plan has no step ${at}`)
    if (before.kind === 'waiting') this.#cursor++
    const culprit = isBad(state) ? (this.#culpritOf(step) ?? at) : null
    this.#progress[at] = { kind: 'settled', state, culprit, again: before.kind === 'settled' ? 'had' : 'unasked' }
    return step.notifies.filter(target => this.#tell(target, state, step))
  }

  #tell(target: number, state: ResourceState, from: Step): boolean {
    const progress = this.#progress[target]
    if (progress === undefined) return false
    if (state === 'unknown-in-check') {
      if (progress.kind === 'waiting')
        this.#progress[target] = { ...progress, doubt: progress.doubt ?? from.resource.id }
      return false
    }
    const trigger = triggerFrom(state)
    if (trigger === null || (progress.kind === 'settled' && progress.again === 'had')) return false
    if (progress.kind === 'waiting') {
      this.#progress[target] = { ...progress, trigger: stronger(progress.trigger, trigger) }
    } else {
      const earlier = progress.again === 'changed' || progress.again === 'corrected' ? progress.again : null
      this.#progress[target] = { ...progress, again: stronger(earlier, trigger) }
    }
    return true
  }

  /** The first dependency in the way, as the position of what failed in the first place. */
  #culpritOf(step: Step): number | null {
    for (const at of step.dependsOn) {
      const progress = this.#progress[at]
      if (progress?.kind === 'settled' && progress.culprit !== null) return progress.culprit
    }
    return null
  }

  #reason(step: Step, culprit: number): string {
    const near = step.dependsOn.find(at => {
      const progress = this.#progress[at]
      return progress?.kind === 'settled' && progress.culprit === culprit
    })
    const nameOf = (at: number): string => `'${this.#steps[at]?.resource.id}'`
    const happened = this.#whatHappened(culprit)
    return near === culprit || near === undefined
      ? `not tried, because it depends on ${nameOf(culprit)}, which ${happened}`
      : `not tried, because it depends on ${nameOf(near)}, and ${nameOf(culprit)} ${happened}`
  }

  #whatHappened(at: number): string {
    const progress = this.#progress[at]
    if (progress?.kind === 'settled' && progress.state === 'blocked') return 'was blocked'
    return progress?.kind === 'settled' && progress.state === 'failed-restart' ? 'did not restart' : 'failed'
  }

  #doubtOf(step: Step, progress: Progress): string | null {
    for (const at of step.dependsOn) {
      const dependency = this.#progress[at]
      if (dependency?.kind !== 'settled') continue
      if (dependency.state === 'would-change' || dependency.state === 'unknown-in-check') {
        return this.#steps[at]?.resource.id ?? null
      }
    }
    return progress.kind === 'waiting' ? progress.doubt : null
  }
}

/** Whether what depends on a resource in this state is not tried. */
export function isBad(state: ResourceState): boolean {
  return state === 'failed' || state === 'blocked' || state === 'failed-restart'
}

/** What a resource in this state does to those that it notifies. In a dry run it would have been changed. */
export function triggerFrom(state: ResourceState): Trigger | null {
  if (state === 'corrected') return 'corrected'
  return state === 'changed' || state === 'would-change' ? 'changed' : null
}

export function stronger(a: Trigger | null, b: Trigger): Trigger {
  return a === 'changed' ? a : b
}

function isDueAgain(progress: Progress): boolean {
  return progress.kind === 'settled' && (progress.again === 'changed' || progress.again === 'corrected')
}

function triggerOf(progress: Progress): Trigger | null {
  if (progress.kind === 'waiting') return progress.trigger
  return progress.again === 'changed' || progress.again === 'corrected' ? progress.again : null
}
