import { resourceSchemas } from '#config/lang'
import type { Edit } from '../edit.ts'
import type { FixRule } from '../rule.ts'
import type { Block, Item } from '../syntax/index.ts'
import type { View } from '../view.ts'

export const duplicateKey: FixRule = {
  name: 'duplicate-key',
  stage: 'structure',
  files: 'every file',
  summary: 'Of equal keys in one map the last one stays, as YAML reads them; comments of the others stay too.',
  fix: view => {
    const { hasEqualKeys, skeleton } = view
    return hasEqualKeys && skeleton !== undefined ? Array.from(dropped(skeleton, view)) : []
  },
}

const SECRETS: ReadonlySet<string> = new Set(
  Array.from(resourceSchemas.values()).flatMap(({ attributes }) =>
    attributes.filter(({ sensitive }) => sensitive === true).flatMap(({ name, aliases = [] }) => [name, ...aliases]),
  ),
)

function* dropped(block: Block, view: View): Generator<Edit> {
  const last = new Map(block.kind === 'map' ? block.items.map(item => [item.key, item] as const) : [])
  /** The entry behind the dash of a list, when it and all after it were dropped. */
  let first: Item | undefined
  for (const [at, item] of block.items.entries()) {
    const next = block.items[at + 1]
    const kept = item.key === undefined ? undefined : last.get(item.key)
    if (next === undefined || kept === undefined || kept === item) {
      first = undefined
      if (item.block !== undefined) yield* dropped(item.block, view)
      continue
    }
    if (isBehindDash(item, view)) first = item
    if (first === undefined) yield linesRemoved(item, block, view)
    else yield* dashKept(item, next, first, view)
  }
}

function isBehindDash({ firstLine, start }: Item, { lines, text }: View): boolean {
  return text.slice(lines.startOf(firstLine), start).trim() !== ''
}

/**
 * The lines of the entry go; each comment in them becomes a line of its own. Behind a block scalar that keeps its final lines the
 * blank lines below go too, since they would become part of the scalar.
 */
function linesRemoved(item: Item, block: Block, view: View): Edit {
  const { lines, text } = view
  const pad = ' '.repeat(block.column)
  const comments = view.commentsIn(item.start, lines.endOf(item.lastLine))
  const kept = comments.map(({ start, end }) => `${pad}${text.slice(start, end)}\n`).join('')
  const start = lines.startOf(item.firstLine)
  let below = item.lastLine + 1
  if (kept === '' && view.keptEnds.has(start)) while (view.margin.isBlank(below)) below++
  return { start, end: lines.startOf(below), text: kept, message: messageOf(item, text) }
}

/** The entry goes, so that the next one moves to its dash; comments on the way become lines above. */
function* dashKept(item: Item, next: Item, first: Item, view: View): Generator<Edit> {
  const { lines, text } = view
  const message = messageOf(item, text)
  const above = lines.startOf(first.firstLine)
  const pad = ' '.repeat(lines.indentationOf(first.firstLine))
  const comments = view.commentsIn(item.start, next.start)
  const moved = comments.map(({ start, end }) => `${pad}${text.slice(start, end)}\n`).join('')
  if (moved !== '') yield { start: above, end: above, text: moved, message }
  yield { start: item.start, end: next.start, text: '', message }
}

function messageOf(item: Item, text: string): string {
  return `'${item.key ?? ''}' stands twice; dropped ${shown(item, text)}`
}

function shown(item: Item, text: string): string {
  if (SECRETS.has(item.key ?? '')) return 'its first value'
  const source = text.slice(item.start, item.end).replaceAll(/\s+/g, ' ')
  return `'${source.slice(0, 60)}${source.length > 60 ? '…' : ''}'`
}
