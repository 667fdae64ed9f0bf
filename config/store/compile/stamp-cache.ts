import { formatWhen, type SourceFile } from '#config/lang'
import type { Condition } from '../resolve/index.ts'
import { templateNamed } from '../tree/index.ts'
import type { Sample } from './data.ts'
import { DecisionTree } from './decision-tree.ts'
import type { PreparedResource } from './prepared.ts'
import { type Read, ReadLog } from './reads.ts'
import type { UsedTemplate } from './resource.ts'
import { type StampContext, type Stamping, stamp } from './stamp.ts'

const trees = new WeakMap<PreparedResource, Map<string, DecisionTree<Stamping>>>()

/**
 * `stamp`, once for all hosts that cannot be told apart by what the resource reads: hosts that differ in one variable share all
 * resources that do not read it, and so do trees whose crate did not change. A made-up trait is found again by nobody: what reads traits is
 * known for the sample with that name only, all else for samples of any name.
 */
export function stampCached(
  sample: Sample | undefined,
  prepared: PreparedResource,
  title: string,
  condition: Condition,
  context: StampContext,
): Stamping {
  const { data, templates } = context
  if (data.item !== undefined) return stamp(prepared, title, condition, context)
  if (prepared.isPlain && (context.keepsAll || prepared.declaration.when === undefined)) {
    return plainStamping(prepared, title, condition, context)
  }
  const grade = sample === undefined ? '' : sample.grade
  const shared = treeOf(prepared, grade, condition)
  const own = sample === undefined ? shared : treeOf(prepared, `${grade} ${sample.name}`, condition)
  const finder = (read: Read) => data.again(read)
  const known = shared.find(finder) ?? (own === shared ? undefined : own.find(finder))
  if (known !== undefined && isOf(known, templates)) {
    if (known.readsTraits) data.log.readTraits = true
    return known
  }
  const log = new ReadLog(data.log)
  const made = stamp(prepared, title, condition, { ...context, data: data.withLog(log) })
  if (made.problems.some(({ code }) => code === 'unknown-template')) return made
  const tree = made.readsTraits ? own : shared
  tree.add(...log.kept(sample === undefined), made)
  return made
}

/**
 * `stamp` for a crate that is compiled for all samples with the same variables, and kept as a whole: what reads no trait is the same for
 * all of them.
 */
export function stampForSamples(): typeof stamp {
  const known = new Map<PreparedResource, { readonly of: string; readonly stamping: Stamping }>()
  return (prepared, title, condition, context) => {
    const { log, item } = context.data
    if (item !== undefined) return stamp(prepared, title, condition, context)
    const of = typeof condition === 'boolean' ? title : `${title}\n${formatWhen(condition)}`
    const same = known.get(prepared)
    if (same?.of === of) return same.stamping
    const { readTraits } = log
    log.readTraits = false
    const stamping = stamp(prepared, title, condition, context)
    if (!log.readTraits) known.set(prepared, { of, stamping })
    log.readTraits ||= readTraits
    return stamping
  }
}

const plain = new WeakMap<PreparedResource, { readonly of: string; readonly stamping: Stamping }>()

/** Of a resource that reads nothing; of one condition after the other, as there is mostly one. */
function plainStamping(
  prepared: PreparedResource,
  title: string,
  condition: Condition,
  context: StampContext,
): Stamping {
  const of = `${title}\n${context.keepsAll}\n${typeof condition === 'boolean' ? '' : formatWhen(condition)}`
  let known = plain.get(prepared)
  if (known?.of !== of) {
    known = { of, stamping: stamp(prepared, title, condition, context) }
    plain.set(prepared, known)
  }
  return known.stamping
}

/** Whether the templates that went into it are those of the tree. */
function isOf({ copies }: Stamping, templates: ReadonlyMap<string, SourceFile>): boolean {
  return copies.every(({ stamped }) => isStillMeant(stamped?.template, templates))
}

export function isStillMeant(used: UsedTemplate | undefined, templates: ReadonlyMap<string, SourceFile>): boolean {
  return used === undefined || templateNamed(templates, used.source) === used.file
}

function treeOf(prepared: PreparedResource, whose: string, condition: Condition): DecisionTree<Stamping> {
  const known = trees.get(prepared) ?? new Map<string, DecisionTree<Stamping>>()
  trees.set(prepared, known)
  const key = typeof condition === 'boolean' ? whose : `${whose}\n${formatWhen(condition)}`
  const tree = known.get(key) ?? new DecisionTree<Stamping>()
  known.set(key, tree)
  return tree
}
