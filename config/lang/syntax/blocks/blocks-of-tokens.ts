import type { CST } from 'yaml'
import { type Block, type BlockItem, unquotedKey } from './block.ts'

/** Undefined when the whole is no block map, or has keys with `?`. */
export function blocksOfTokens(tokens: readonly CST.Token[]): Block | undefined {
  const document = tokens.find(({ type }) => type === 'document')
  if (document?.type !== 'document' || document.value?.type !== 'block-map') return undefined
  return blockOf(document.value)
}

type Entry = CST.BlockMap['items'][number] | CST.BlockSequence['items'][number]

function blockOf(token: CST.BlockMap | CST.BlockSequence): Block | undefined {
  const items: BlockItem[] = []
  for (const entry of token.items) {
    if (entry.start.some(({ type }) => type === 'explicit-key-ind')) return undefined
    if (isTrivial(entry)) continue
    const item = itemOf(entry)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items.length === 0 ? undefined : { kind: token.type === 'block-map' ? 'map' : 'list', items }
}

/** The parser ends a collection with an entry of nothing but the comments behind it. */
function isTrivial(entry: Entry): boolean {
  return entry.key == null && entry.sep === undefined && entry.value === undefined && !entry.start.some(isContent)
}

function itemOf(entry: Entry): BlockItem | undefined {
  const start = entry.start.find(isContent)?.offset ?? entry.key?.offset ?? entry.sep?.find(isContent)?.offset
  if (start === undefined) return undefined
  const { value } = entry
  let block: Block | undefined
  if (value?.type === 'block-map' || value?.type === 'block-seq') {
    block = blockOf(value)
    if (block === undefined) return undefined
  }
  const key = entry.key != null && 'source' in entry.key ? entry.key.source : undefined
  return {
    start,
    end: block?.items.at(-1)?.end ?? (value && endOf(value)) ?? lastOf(entry),
    key: key === undefined ? undefined : unquotedKey(key),
    valueStart: block === undefined ? value?.offset : block.items[0]?.start,
    block,
  }
}

function lastOf(entry: Entry): number {
  const source = entry.sep?.findLast(isContent)
  if (source !== undefined) return source.offset + source.source.length
  if (entry.key != null) return endOf(entry.key)
  const last = entry.start.findLast(isContent)
  return last === undefined ? 0 : last.offset + last.source.length
}

function endOf(token: CST.Token): number {
  if (token.type === 'block-scalar') {
    const from = token.props.reduce((end, prop) => ('source' in prop ? prop.offset + prop.source.length : end), 0)
    const header = token.props.findLast(prop => 'source' in prop && isContent(prop))
    if (token.source.trim() === '') return header === undefined ? from : endOf(header)
    return from + token.source.length - (token.source.endsWith('\n') ? 1 : 0)
  }
  if (token.type === 'flow-collection') {
    const close = token.end.findLast(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end')
    return close === undefined ? token.offset + 1 : close.offset + 1
  }
  return 'source' in token ? token.offset + token.source.length : token.offset
}

function isContent(token: { readonly type: string }): boolean {
  return !['space', 'newline', 'comment', 'byte-order-mark'].includes(token.type)
}
