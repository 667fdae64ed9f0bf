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
  for (const item of block.items) {
    const kept = item.key === undefined ? undefined : last.get(item.key)
    if (kept !== undefined && kept !== item) yield* removal(item, block, view)
    else if (item.block !== undefined) yield* dropped(item.block, view)
  }
}

/**
 * The lines of the entry go; each comment in them becomes a line of its own. Behind a block scalar that keeps its final lines the
 * blank lines below go too, since they would become part of the scalar.
 */
function* removal(item: Item, block: Block, view: View): Generator<Edit> {
  const { lines, text } = view
  const lineEnd = lines.endOf(item.lastLine)
  const comments = view.commentsIn(item.start, lineEnd).map(({ start, end }) => text.slice(start, end))
  const pad = ' '.repeat(block.column)
  const next = block.items[block.items.indexOf(item) + 1]
  if (next === undefined) return
  const isInline = text.slice(lines.startOf(item.firstLine), item.start).trim() !== ''
  const message = `'${item.key ?? ''}' stands twice; dropped ${shown(item, text)}`
  if (!isInline) {
    const kept = comments.map(comment => `${pad}${comment}\n`).join('')
    const start = lines.startOf(item.firstLine)
    let below = item.lastLine + 1
    if (kept === '' && view.keptEnds.has(start)) while (view.margin.isBlank(below)) below++
    yield { start, end: lines.startOf(below), text: kept, message }
    return
  }
  const above = lines.startOf(item.firstLine)
  const dashes = ' '.repeat(lines.indentationOf(item.firstLine))
  const between = view.commentsIn(lineEnd, next.start).map(({ start, end }) => text.slice(start, end))
  const moved = [...comments, ...between].map(comment => `${dashes}${comment}\n`).join('')
  if (moved !== '') yield { start: above, end: above, text: moved, message }
  yield { start: item.start, end: next.start, text: '', message }
}

function shown(item: Item, text: string): string {
  if (SECRETS.has(item.key ?? '')) return 'its first value'
  const source = text.slice(item.start, item.end).replaceAll(/\s+/g, ' ')
  return `'${source.slice(0, 60)}${source.length > 60 ? '…' : ''}'`
}
