import type { CST } from 'yaml'
import type { Diagnostics } from '../diagnostic.ts'
import { endOfLine, type SourceFile } from '../source.ts'
import { MAX_DEPTH, MAX_NODES } from './limits.ts'
import { refuseDepth, refuseSizeOf } from './refusals.ts'

/** What the concrete syntax shows better than the parser's errors. Offsets of the file. */
export interface Findings {
  /** Where a quoted scalar that is never closed starts, by where it ends. */
  readonly unclosedQuotes: ReadonlyMap<number, number>
  /** Where brackets that are never closed start, in the order of the file. */
  readonly unclosedBrackets: readonly number[]
  /** `{{ … }}` without quotes, which YAML takes for a map in a map. */
  readonly bareTemplates: readonly { readonly start: number; readonly end: number }[]
  readonly tags: readonly CST.SourceToken[]
}

/** Looks at every token once. Undefined, after a diagnostic, when the file is deeper or larger than the language allows. */
export function inspectTokens(
  file: SourceFile,
  tokens: readonly CST.Token[],
  diagnostics: Diagnostics,
): Findings | undefined {
  const unclosedQuotes = new Map<number, number>()
  const unclosedBrackets: number[] = []
  const bareTemplates: { start: number; end: number }[] = []
  const tags: CST.SourceToken[] = []
  const addTags = (sources: readonly CST.SourceToken[] | undefined) => {
    for (const source of sources ?? []) if (source.type === 'tag') tags.push(source)
  }
  const pending = tokens.map(token => ({ token, depth: 0 })).reverse()
  let nodes = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next
    if (token.type === 'document') {
      addTags(token.start)
      if (token.value !== undefined) pending.push({ token: token.value, depth: depth + 1 })
      continue
    }
    if (token.type === 'single-quoted-scalar' || token.type === 'double-quoted-scalar') {
      if (isUnclosed(token.source)) unclosedQuotes.set(token.offset + token.source.length, token.offset)
      continue
    }
    if (!('items' in token)) continue
    if (depth > MAX_DEPTH) {
      refuseDepth(file, token.offset, diagnostics)
      return undefined
    }
    nodes += token.items.length
    if (nodes > MAX_NODES) {
      refuseSizeOf(file, token.offset, diagnostics)
      return undefined
    }
    if (token.type === 'flow-collection') {
      if (!token.end.some(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end')) {
        unclosedBrackets.push(token.offset)
      }
      const template = bareTemplate(token, file.text)
      if (template !== undefined) {
        bareTemplates.push(template)
        continue
      }
    }
    for (const item of token.items.toReversed()) {
      addTags(item.start)
      if ('sep' in item) addTags(item.sep)
      if (item.value !== undefined) pending.push({ token: item.value, depth: depth + 1 })
      if ('key' in item && item.key !== undefined && item.key !== null) {
        pending.push({ token: item.key, depth: depth + 1 })
      }
    }
  }
  return { unclosedQuotes, unclosedBrackets, bareTemplates, tags }
}

/** A closing quote is one that no backslash escapes and that is not the opening one. */
function isUnclosed(source: string): boolean {
  const quote = source[0]
  if (source.length < 2 || source.at(-1) !== quote) return true
  if (quote === "'") return false
  let backslashes = 0
  while (source[source.length - 2 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

function bareTemplate(token: CST.FlowCollection, text: string): { start: number; end: number } | undefined {
  const [first] = token.items
  const inner = first?.key ?? first?.value
  if (token.start.source !== '{' || inner?.type !== 'flow-collection') return undefined
  if (inner.start.source !== '{' || inner.offset !== token.offset + 1) return undefined
  const lineEnd = endOfLine(text, token.offset)
  const close = text.indexOf('}}', token.offset)
  return { start: token.offset, end: close < 0 || close > lineEnd ? lineEnd : close + 2 }
}
