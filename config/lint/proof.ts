import type { Node } from '#config/lang'
import { booleanWords } from './boolean-words.ts'
import { isLabel } from './labels.ts'
import { servicesWithoutWhen } from './triggered-services.ts'
import type { View } from './view.ts'

/**
 * What a changed text does that no lint may do, in words; undefined when it means what the text before meant. Values are equal but
 * for the documented repairs (`yes-no`, `when-changed`), and every comment that is no label is there as often as before, byte for byte.
 * `before` is readable.
 */
export function flawOf(before: View, after: View): string | undefined {
  if (!after.isReadable) return 'YAML could no longer be read from it'
  const repairs: Repairs = {
    words: booleanWords(before.root, before.kind),
    triggered: new Set(before.crate === undefined ? [] : servicesWithoutWhen(before.crate)),
  }
  const path = differenceOf(before.root, after.root, repairs)
  if (path !== undefined) return path === '' ? 'its value would change' : `the value of '${path}' would change`
  const comment = lostComment(before, after)
  return comment === undefined ? undefined : `the comment '${comment.slice(0, 60)}' would change`
}

interface Repairs {
  readonly words: ReadonlyMap<Node, boolean>
  readonly triggered: ReadonlySet<Node>
}

/** Path of the first value that differs, `resources.3.content`. */
function differenceOf(a: Node | undefined, b: Node | undefined, repairs: Repairs): string | undefined {
  if (a === undefined || b === undefined) return a === b ? undefined : ''
  const word = repairs.words.get(a)
  if (word !== undefined && b.kind === 'scalar' && b.value === word) return undefined
  if (a.kind === 'scalar') {
    const isSame = b.kind === 'scalar' && b.value === a.value && b.source === a.source && b.style === a.style
    return isSame ? undefined : ''
  }
  if (a.kind === 'list') {
    if (b.kind !== 'list' || b.items.length !== a.items.length) return ''
    for (const [at, item] of a.items.entries()) {
      const path = differenceOf(item, b.items[at], repairs)
      if (path !== undefined) return path === '' ? String(at) : `${at}.${path}`
    }
    return undefined
  }
  if (b.kind !== 'map') return ''
  for (const { key, value } of a.entries.values()) {
    const path = differenceOf(value, b.entries.get(key)?.value, repairs)
    if (path !== undefined) return path === '' ? key : `${key}.${path}`
  }
  const added = Array.from(b.entries.values()).filter(({ key }) => !a.entries.has(key))
  const isWhen = added.length === 1 && added[0]?.key === 'when' && repairs.triggered.has(a)
  return added.length === 0 || (isWhen && isChanged(added[0]?.value)) ? undefined : (added[0]?.key ?? '')
}

function isChanged(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.value === 'changed'
}

function lostComment(before: View, after: View): string | undefined {
  const counts = new Map<string, number>()
  for (const comment of commentsOf(before)) counts.set(comment, (counts.get(comment) ?? 0) + 1)
  for (const comment of commentsOf(after)) counts.set(comment, (counts.get(comment) ?? 0) - 1)
  return Array.from(counts).find(([, count]) => count !== 0)?.[0]
}

/** Comments that are not the linter's own. */
function commentsOf(view: View): string[] {
  const comments = view.commentsIn(0, view.text.length).map(({ start, end }) => view.text.slice(start, end))
  return view.crate === undefined ? comments : comments.filter(comment => !isLabel(comment))
}
