import { NO_COMMIT, type RefPolicy, type RefUpdate } from '#gitback/project'

/** What git knows of the commits that the heads of one ref name. */
export interface Objects {
  has(commit: string): boolean
  /** Only asked of commits that are here. */
  isAncestor(older: string, newer: string): boolean
}

/**
 * What a ref should be, from the heads of its updates:
 * - `missing`: commits have to be fetched before everything can be said; `meanwhile` is what follows from those that are here, so that a
 *   machine that took its objects with it holds up nobody: when it comes back, the two have diverged
 * - `settled`: one head, or several that git knows to follow one another
 * - `diverged`: several that nobody has joined; the ref stays where it is
 * - `refused`: the policy forbids the only head
 */
export type RefPlan =
  | { readonly kind: 'missing'; readonly commits: readonly string[]; readonly meanwhile: PresentPlan }
  | PresentPlan

export type PresentPlan =
  | { readonly kind: 'settled'; readonly to: string; readonly by: RefUpdate }
  | { readonly kind: 'diverged'; readonly heads: readonly RefUpdate[] }
  | { readonly kind: 'refused'; readonly by: RefUpdate; readonly reason: string }
  | { readonly kind: 'nothing' }

/** `current` is where the ref is here, `NO_COMMIT` when it is not. */
export function planRef(heads: readonly RefUpdate[], current: string, policy: RefPolicy, objects: Objects): RefPlan {
  const isHere = ({ new: commit }: RefUpdate): boolean => commit === NO_COMMIT || objects.has(commit)
  const meanwhile = planPresent(heads.filter(isHere), current, policy, objects)
  const missing = new Set(heads.filter(head => !isHere(head)).map(head => head.new))
  return missing.size === 0 ? meanwhile : { kind: 'missing', commits: [...missing], meanwhile }
}

function planPresent(heads: readonly RefUpdate[], current: string, policy: RefPolicy, objects: Objects): PresentPlan {
  const last = heads.filter(head => !heads.some(other => other !== head && isFollowedBy(head, other, objects)))
  const [only, ...others] = last
  if (only === undefined) return { kind: 'nothing' }
  if (others.length > 0) return { kind: 'diverged', heads: last }
  if (only.new === current) return { kind: 'nothing' }
  const isDescendant =
    current === NO_COMMIT || (only.new !== NO_COMMIT && objects.has(current) && objects.isAncestor(current, only.new))
  if (policy !== 'any' && !isDescendant) {
    const what =
      only.new === NO_COMMIT
        ? 'removes the ref'
        : `${only.new.slice(0, 12)} does not descend from ${current.slice(0, 12)}`
    return { kind: 'refused', by: only, reason: `${what}, and the project only goes forward` }
  }
  return { kind: 'settled', to: only.new, by: only }
}

/** Two heads with the same commit are one; the smaller hash stands for it. */
function isFollowedBy(head: RefUpdate, other: RefUpdate, objects: Objects): boolean {
  if (head.new === other.new) return other.hash < head.hash
  if (head.new === NO_COMMIT || other.new === NO_COMMIT) return false
  return objects.isAncestor(head.new, other.new)
}
