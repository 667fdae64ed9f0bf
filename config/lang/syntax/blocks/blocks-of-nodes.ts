import type { ListNode, MapNode, Node } from '../../node.ts'
import { type Block, type BlockItem, unquotedKey } from './block.ts'

/** The blocks of a file that is ordinary YAML: there every value that is no block starts on the line of its key or dash. */
export function blocksOfNodes(node: MapNode | ListNode): Block {
  if (node.kind === 'list') return { kind: 'list', items: node.items.map(listItem) }
  return {
    kind: 'map',
    items: Array.from(node.entries.values(), ({ keySpan: { file, start, end }, value }) =>
      itemOf(start, unquotedKey(file.text.slice(start, end)), value),
    ),
  }
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
