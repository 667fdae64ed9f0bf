import type { ListNode, MapEntry, MapNode, Node } from '../../node.ts'
import { type Block, type BlockItem, unquotedKey } from './block.ts'

/** The blocks of a file that is ordinary YAML: there every value that is no block starts on the line of its key or dash. */
export function blocksOfNodes(node: MapNode | ListNode): Block {
  const items: BlockItem[] = []
  if (node.kind === 'list') for (const item of node.items) items.push(listItem(item))
  else for (const entry of node.entries.values()) items.push(mapItem(entry))
  return { kind: node.kind, items }
}

function mapItem({ key, keySpan: { file, start, end }, value }: MapEntry): BlockItem {
  const isQuoted = end - start > key.length
  return itemOf(start, isQuoted ? unquotedKey(file.text.slice(start, end)) : key, value)
}

function listItem(value: Node): BlockItem {
  const { file, start } = value.span
  return itemOf(file.text.lastIndexOf('- ', start), undefined, value)
}

function itemOf(start: number, key: string | undefined, value: Node): BlockItem {
  const block = isBlock(value) ? blocksOfNodes(value) : undefined
  const end = block?.items.at(-1)?.end ?? endOf(value)
  return { start, end, key, valueStart: value.span.start, block }
}

function isBlock(node: Node): node is MapNode | ListNode {
  return node.kind !== 'scalar' && !'[{'.includes(node.span.file.text.charAt(node.span.start))
}

/** A block of text reaches over its last line feed. */
function endOf({ kind, span: { file, end } }: Node): number {
  return kind === 'scalar' && file.text[end - 1] === '\n' ? end - 1 : end
}
