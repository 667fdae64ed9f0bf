import { closestName, isMapValue, keysOf, type Value } from '../template/index.ts'
import type { WhenProblem } from './errors.ts'
import { formatWhen } from './format.ts'
import { askTraits, type TraitAnswer, type TraitLookup, traitsIn } from './traits.ts'
import { leavesOf, type WhenExpression, type WhenLeaf } from './tree.ts'

/** What a machine's traits do not answer although the condition asks for them, for authors who test a condition against it. */
export function traitProblems(expression: WhenExpression, traits: Value): readonly WhenProblem[] {
  const lookup = traitsIn(traits)
  const problems: WhenProblem[] = []
  for (const leaf of leavesOf(expression)) {
    const answer = askTraits(leaf, lookup)
    if (answer === undefined || typeof answer === 'boolean') continue
    problems.push({ offset: leaf.start, length: leaf.end - leaf.start, ...describeTraitProblem(leaf, answer, lookup) })
  }
  return problems
}

export function describeTraitProblem(
  leaf: WhenLeaf,
  answer: Exclude<TraitAnswer, boolean | undefined>,
  lookup: TraitLookup,
): { readonly message: string; readonly hint: string } {
  const path = answer.path.join('.')
  if (answer.problem === 'kind') {
    return {
      message: `${formatWhen(leaf)} needs the trait ${path} to be ${answer.wanted}, and it is not`,
      hint: kindHint(leaf, path),
    }
  }
  return {
    message: `${formatWhen(leaf)} needs the trait ${path}, which the machine does not have`,
    hint: nearby(answer.path, lookup),
  }
}

function kindHint(leaf: WhenLeaf, path: string): string {
  return leaf.kind === 'trait' ? `compare it with a value: trait('${path}', VALUE)` : ''
}

/** The name that was probably meant, at the first place where the path leaves the traits. */
function nearby(path: readonly string[], lookup: TraitLookup): string {
  for (const [at, name] of path.entries()) {
    const before = path.slice(0, at)
    const value = lookup(before)
    if (value === undefined || !isMapValue(value)) return ''
    const keys = keysOf(value)
    if (keys.includes(name)) continue
    const near = closestName(name, keys)
    return near === undefined ? '' : `did you mean '${[...before, near].join('.')}'?`
  }
  return ''
}
