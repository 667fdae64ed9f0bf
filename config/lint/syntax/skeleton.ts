import type { CST } from 'yaml'
import { Diagnostics, type SourceFile, tokensOf } from '#config/lang'
import type { Lines } from './lines.ts'

/** A block map or block list with its place: what the linter moves and indents. Flow collections are values, taken as they are. */
export interface Block {
  readonly kind: 'map' | 'list'
  /** Where its keys or dashes stand. */
  readonly column: number
  readonly items: readonly Item[]
}

/** An entry of a map, or an item of a list, without the comments around it. */
export interface Item {
  /** Of its anchor, key or dash. */
  readonly start: number
  /** Behind its last character that is neither blank nor comment. */
  readonly end: number
  readonly firstLine: number
  readonly lastLine: number
  /** Of an entry; undefined when it is no plain text. */
  readonly key: string | undefined
  /** Where the value starts: a flow collection, a scalar, a block. Undefined when there is none. */
  readonly valueStart: number | undefined
  /** The value, where it is a block. */
  readonly block: Block | undefined
}

/**
 * The block collections of a text that the reader has read without a syntax error, and so is no deeper than the language allows.
 * Undefined when the whole is no block map, or has keys with `?`.
 */
export function skeletonOf(file: SourceFile, lines: Lines): Block | undefined {
  const document = tokensOf(file, new Diagnostics())?.find(({ type }) => type === 'document')
  if (document?.type !== 'document' || document.value?.type !== 'block-map') return undefined
  return blockOf(document.value, lines)
}

type Entry = CST.BlockMap['items'][number] | CST.BlockSequence['items'][number]

function blockOf(token: CST.BlockMap | CST.BlockSequence, lines: Lines): Block | undefined {
  const items: Item[] = []
  for (const entry of token.items) {
    if (entry.start.some(({ type }) => type === 'explicit-key-ind')) return undefined
    if (isTrivial(entry)) continue
    const item = itemOf(entry, lines)
    if (item === undefined) return undefined
    items.push(item)
  }
  const [first] = items
  if (first === undefined) return undefined
  return { kind: token.type === 'block-map' ? 'map' : 'list', column: lines.columnAt(first.start), items }
}

/** The parser ends a collection with an entry of nothing but the comments behind it. */
function isTrivial(entry: Entry): boolean {
  return entry.key == null && entry.sep === undefined && entry.value === undefined && !entry.start.some(isContent)
}

function itemOf(entry: Entry, lines: Lines): Item | undefined {
  const start = entry.start.find(isContent)?.offset ?? entry.key?.offset ?? entry.sep?.find(isContent)?.offset
  if (start === undefined) return undefined
  const { value } = entry
  let block: Block | undefined
  if (value?.type === 'block-map' || value?.type === 'block-seq') {
    block = blockOf(value, lines)
    if (block === undefined) return undefined
  }
  const end = block?.items.at(-1)?.end ?? (value && endOf(value)) ?? lastOf(entry)
  const key = entry.key != null && 'source' in entry.key ? entry.key.source : undefined
  return {
    start,
    end,
    firstLine: lines.at(start),
    lastLine: lines.at(Math.max(start, end - 1)),
    key: key === undefined ? undefined : unquoted(key),
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

/** Keys of the language need no escapes; one that has some is left as it is written. */
function unquoted(source: string): string {
  const quoted = /^(["'])([^"'\\]*)\1$/.exec(source)
  return quoted?.[2] ?? source
}
