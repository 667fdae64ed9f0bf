import type { Edit } from './edit.ts'
import type { Rank } from './order.ts'
import type { Block, Item } from './syntax/index.ts'
import type { View } from './view.ts'

/** Why the entries of a map cannot change places without a change of what they mean. */
export type Obstacle = 'anchor' | 'final-lines'

/** A map whose keys are not in order: its entries in order, and what is in the way, if anything is. */
export interface Disorder {
  readonly sorted: readonly Item[]
  readonly obstacle: Obstacle | undefined
}

export function disorderOf(block: Block, rank: Rank, view: View): Disorder | undefined {
  if (isInOrder(block, rank)) return undefined
  const sorted = block.items.toSorted((a, b) => rank(a.key) - rank(b.key))
  return { sorted, obstacle: obstacleIn(block, view) }
}

function isInOrder(block: Block, rank: Rank): boolean {
  let highest = Number.NEGATIVE_INFINITY
  for (const { key } of block.items) {
    const next = rank(key)
    if (next < highest) return false
    highest = next
  }
  return true
}

/** Anchors, and headers of block scalars that keep their final lines. */
const OBSTACLE = /&|[|>][-\d]*\+/

/** Whether entries could have to stay where they are, as far as a glance at the text tells. */
export function mayHaveObstacles(text: string): boolean {
  return OBSTACLE.test(text)
}

function obstacleIn(block: Block, view: View): Obstacle | undefined {
  let anchored = 0
  let referring = 0
  for (const { start, end } of block.items) {
    const marks = view.marksIn(start, end)
    if (marks.some(mark => /^[|>]/.test(mark))) return 'final-lines'
    if (marks.some(mark => mark.startsWith('&'))) anchored++
    if (marks.length > 0) referring++
  }
  return anchored > 0 && referring > 1 ? 'anchor' : undefined
}

/**
 * The edits that put the entries of a map in order. With an entry go the comments above it and those further to the right below it; the
 * comments above the first entry belong to the map, and stay. `until` is the last line that can belong to the map.
 */
export function reorder(block: Block, sorted: readonly Item[], until: number, view: View, message: string): Edit[] {
  const { lines, margin, text } = view
  const [first] = block.items
  const lead = sorted[0]
  if (first === undefined || lead === undefined) return []
  const pad = ' '.repeat(block.column)
  const units = new Map<Item, { readonly above: readonly number[]; readonly body: string }>()
  let below = first.firstLine
  for (const [at, item] of block.items.entries()) {
    const next = block.items[at + 1]
    const deeper = margin.deeperBelow(item.lastLine, next === undefined ? until : next.firstLine - 1, block.column)
    const last = next === undefined ? margin.adjoiningBelow(deeper, until, block.column) : deeper
    const above = Array.from({ length: item.firstLine - below }, (_, line) => below + line)
    units.set(item, { above, body: text.slice(item.start, lines.endOf(last)) })
    below = last + 1
  }
  const written = sorted.map((item, at) => {
    const { above = [], body = '' } = units.get(item) ?? {}
    const comments = above.filter(line => at > 0 || !margin.isBlank(line))
    return { comments: comments.map(line => (margin.isBlank(line) ? '' : pad + margin.commentOf(line))), body }
  })
  const isInline = text.slice(lines.startOf(first.firstLine), first.start).trim() !== ''
  const edits: Edit[] = []
  const head = written[0]?.comments ?? []
  if (isInline && head.length > 0) {
    const start = lines.startOf(first.firstLine)
    const dashes = ' '.repeat(lines.indentationOf(first.firstLine))
    const moved = head.map(comment => `${dashes}${comment.trimStart()}\n`).join('')
    edits.push({ start, end: start, text: moved, message })
  }
  const body = written.flatMap(({ comments, body: entry }, at) => {
    if (at === 0 && isInline) return [entry]
    return [...comments, pad + entry]
  })
  const start = isInline ? first.start : lines.startOf(first.firstLine)
  return [...edits, { start, end: lines.endOf(below - 1), text: body.join('\n'), message }]
}
