import type { AttributeValue } from '#config/lang'
import type { Bundle, BundleResource } from '../compile/index.ts'
import { presentableResource } from '../explain/show.ts'

/** What one host would do differently. Hidden values show as such, also where they differ. */
export type Change =
  | { readonly kind: 'added' | 'removed'; readonly id: string; readonly type: string }
  | { readonly kind: 'changed'; readonly id: string; readonly type: string; readonly values: readonly ValueChange[] }
  /** The same resources in another order. */
  | { readonly kind: 'reordered' }
  /** Something that resources do not show: claims, waivers, the environment, crates. */
  | { readonly kind: 'other'; readonly what: string }

/** Undefined: not there. `name` is an attribute, or `when`, `depends_on`, `notify`, `subscribes`. */
export interface ValueChange {
  readonly name: string
  readonly before: AttributeValue | undefined
  readonly after: AttributeValue | undefined
}

const OTHERS = ['environment', 'crates', 'usercrates', 'waivers', 'claims'] as const

/** The changes from one bundle to another, removed resources first, then in the order of the second. */
export function diffBundles(before: Bundle, after: Bundle): readonly Change[] {
  if (before.hash === after.hash) return []
  const changes: Change[] = [...resourceChanges(before.resources, after.resources)]
  for (const what of OTHERS) {
    if (JSON.stringify(before[what]) !== JSON.stringify(after[what])) changes.push({ kind: 'other', what })
  }
  return changes
}

const known = new WeakMap<readonly BundleResource[], WeakMap<readonly BundleResource[], readonly Change[]>>()

/** Hosts that are alike share the lists of their resources, and so the answer. */
function resourceChanges(before: readonly BundleResource[], after: readonly BundleResource[]): readonly Change[] {
  const answers = known.get(before) ?? new WeakMap<readonly BundleResource[], readonly Change[]>()
  known.set(before, answers)
  let changes = answers.get(after)
  if (changes === undefined) {
    changes = compare(before, after)
    answers.set(after, changes)
  }
  return changes
}

function compare(before: readonly BundleResource[], after: readonly BundleResource[]): Change[] {
  const old = new Map(before.map(resource => [resource.id, resource]))
  const present = new Set(after.map(({ id }) => id))
  const removed = before.filter(({ id }) => !present.has(id))
  const changes: Change[] = removed.map(({ id, type }) => ({ kind: 'removed', id, type }))
  for (const resource of after) {
    const earlier = old.get(resource.id)
    const { id, type } = resource
    if (earlier === undefined) changes.push({ kind: 'added', id, type })
    else if (earlier !== resource) {
      const values = valueChanges(earlier, resource)
      if (values.length > 0) changes.push({ kind: 'changed', id, type, values })
    }
  }
  if (changes.length === 0 && before.some(({ id }, at) => after[at]?.id !== id)) changes.push({ kind: 'reordered' })
  return changes
}

function valueChanges(before: BundleResource, after: BundleResource): ValueChange[] {
  const shown = { before: presentableResource(before).attributes, after: presentableResource(after).attributes }
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])
  const attributes = Array.from(names)
    .sort()
    .filter(name => !isSame(before.attributes[name], after.attributes[name]))
    .map((name): ValueChange => ({ name, before: shown.before[name], after: shown.after[name] }))
  const others = (
    [
      ['type', before.type, after.type],
      ['when', before.when, after.when],
      ['depends_on', before.dependsOn, after.dependsOn],
      ['notify', before.notify, after.notify],
      ['subscribes', before.subscribes, after.subscribes],
    ] as const
  ).filter(([, old, now]) => !isSame(old, now))
  return [...attributes, ...others.map(([name, old, now]): ValueChange => ({ name, before: old, after: now }))]
}

function isSame(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
