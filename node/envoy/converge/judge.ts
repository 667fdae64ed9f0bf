import type { ResourceResult, ResourceState } from '#node/checkin'
import { codeOf, messageOf } from '#node/kit'
import type { Difference, Finding } from '../executors/executor.ts'
import type { Trigger } from './pass.ts'

/** How a turn ended, before secrets are hidden and texts are cut. */
export type Verdict = Pick<ResourceResult, 'message' | 'diff' | 'output'> & {
  readonly state: ResourceState
  readonly changes?: Difference['changes']
  /** Skipped because the executor found nothing to do, which is as good as compliant: to act later means that something has drifted. */
  readonly isIdle?: boolean
}

export interface Circumstances {
  readonly isDryRun: boolean
  readonly trigger: Trigger | null
  /** Id of what a dry run would have changed before. */
  readonly doubt: string | null
  /** A dry run cannot tell whether it would be triggered. */
  readonly isTriggerOpen: boolean
}

/** What follows from the first check: the end of the turn, or a difference that is to be applied. */
export function judgeFinding(finding: Finding, circumstances: Circumstances): Verdict | { readonly apply: Difference } {
  const { isDryRun, doubt } = circumstances
  switch (finding.kind) {
    case 'different':
      if (isDryRun) return { state: 'would-change', ...shown(finding) }
      return { apply: finding }
    case 'unknown':
      if (isDryRun) return { state: 'unknown-in-check', message: finding.reason }
      return { state: 'failed', message: `its state cannot be told: ${finding.reason}` }
    case 'compliant':
      return doubt === null ? { state: 'compliant' } : doubted('as it should be now', doubt)
    case 'skipped':
      return doubt === null
        ? { state: 'skipped', message: finding.reason, isIdle: true }
        : doubted(finding.reason, doubt)
  }
}

/** A condition that does not hold; `needsChange`: nothing but a trigger could change that. */
export function judgeCondition(when: string, needsChange: boolean, circumstances: Circumstances): Verdict {
  const { doubt, trigger, isTriggerOpen } = circumstances
  const isSettled = needsChange && trigger === null && !isTriggerOpen
  const message = when === 'changed' ? 'nothing that triggers it has changed' : `its condition does not hold: ${when}`
  return doubt === null || isSettled ? { state: 'skipped', message } : doubted(message, doubt)
}

export function doubted(found: string, doubt: string): Verdict {
  return { state: 'unknown-in-check', message: `${found}; '${doubt}' would change before, and this may depend on it` }
}

export interface AppliedCircumstances extends Circumstances {
  readonly acts: 'until-compliant' | 'always'
  /** Whether it was compliant once with what it asks for now; undefined: it never was compliant. */
  readonly wasThis: boolean | undefined
}

/** Drift or intention, for something that was applied. What acts because of a trigger is what its trigger was. */
export function stateOfApplied({ acts, trigger, wasThis }: AppliedCircumstances): 'changed' | 'corrected' {
  if (acts === 'always' && trigger !== null) return wasThis === false ? 'changed' : trigger
  return wasThis === true ? 'corrected' : 'changed'
}

/** What the check after an apply says about it; undefined when all is well. */
export function judgeSecondCheck(finding: Finding): string | undefined {
  switch (finding.kind) {
    case 'compliant':
    case 'skipped':
      return undefined
    case 'unknown':
      return `it was applied, and its state cannot be told: ${finding.reason}`
    case 'different': {
      const still = finding.changes.slice(0, 5).map(({ attribute, from, to }) => `${attribute} is ${from}, not ${to}`)
      const more = finding.changes.length > 5 ? ` and ${finding.changes.length - 5} more` : ''
      return `it was applied and still differs: ${still.join('; ')}${more}`
    }
  }
}

/** A turn that ended in an error. `phase`: nothing was changed before `apply`. */
export function judgeError(
  error: unknown,
  type: string,
  phase: 'check' | 'apply',
  circumstances: Circumstances,
): Verdict {
  const message = messageOf(error)
  if (circumstances.doubt !== null && phase === 'check') return doubted(message, circumstances.doubt)
  if (codeOf(error) === 'blocked') return { state: 'blocked', message }
  return { state: failureOf(type, circumstances), message }
}

/** A service that was triggered and failed did not start again after the change. */
export function failureOf(type: string, { trigger }: Circumstances): 'failed' | 'failed-restart' {
  return type === 'service' && trigger !== null ? 'failed-restart' : 'failed'
}

function shown({ changes, diff }: Difference): Pick<Verdict, 'changes' | 'diff'> {
  return { changes, ...(diff === undefined ? {} : { diff }) }
}

export function verdictOfApplied(
  state: ResourceState,
  difference: Difference,
  applied: { output?: string; note?: string } | null,
  message?: string,
): Verdict {
  const said = [message, applied?.note].filter(text => text !== undefined && text !== '').join('; ')
  return {
    state,
    ...shown(difference),
    ...(applied?.output === undefined || applied.output === '' ? {} : { output: applied.output }),
    ...(said === '' ? {} : { message: said }),
  }
}
