import { join } from 'node:path'
import { paint, print } from '#cli/shell'
import { type ReleaseHash, shortHash } from '#config/store'
import { besidesOf } from '../bolts/stacks-base.ts'
import { change, tellWarning } from '../tell.ts'
import type { Failures } from './apply.ts'
import { type Hashes, isNothing, type PullPlan } from './plan.ts'

/** What a pull did, or would do. */
export interface Pulled {
  readonly release: ReleaseHash
  readonly plan: PullPlan
  /** What was here before. */
  readonly here: Hashes
  readonly failures: Failures
  /** Conflicts of earlier pulls. */
  readonly old: readonly string[]
  readonly isDryRun: boolean
}

/** For people. `stacks`: where. */
export function tellPulled(stacks: string, { release, plan, here, failures, old, isDryRun }: Pulled): void {
  for (const [path, why] of failures) tellWarning(`${join(stacks, path)} stays as it is: ${why}; pull again`)
  for (const { path, published } of plan.conflicts) {
    const there = published === null ? 'changed here and removed elsewhere' : 'changed here and elsewhere'
    const beside = isDryRun ? 'would be' : 'is'
    tellWarning(`${path} was ${there}; what is published ${beside} beside it: ${besidesOf(path)}`)
  }
  const again = old.filter(path => !plan.conflicts.some(conflict => conflict.path === path))
  for (const path of again) tellWarning(`${path} is still to be decided: mend it, and remove ${besidesOf(path)}`)
  if (isNothing(plan)) {
    print(`Everything that is published (${shortHash(release)}) is here.${keptWords(plan)}`)
    return
  }
  const what = isDryRun ? 'A pull would bring' : 'Pulled'
  print(paint('bold', `${what} release ${shortHash(release)}.`) + keptWords(plan))
  for (const { path } of plan.take) print(change(`${here.has(path) ? '~' : '+'} ${path}`))
  for (const path of plan.remove) print(change(`- ${path}`))
}

function keptWords({ keep }: PullPlan): string {
  return keep.length === 0 ? '' : ` Changed here only: ${keep.join(', ')}.`
}

export function pulledJson({ release, plan, here, failures, old, isDryRun }: Pulled): object {
  const taken = plan.take.map(({ path }) => path)
  return {
    release,
    isDryRun,
    added: taken.filter(path => !here.has(path)),
    changed: taken.filter(path => here.has(path)),
    removed: plan.remove,
    kept: plan.keep,
    conflicts: plan.conflicts.map(({ path, published }) => ({ path, isRemovedElsewhere: published === null })),
    undecided: old,
    failed: Object.fromEntries(failures),
  }
}
