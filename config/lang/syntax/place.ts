import type { ScalarNode } from '../node.ts'
import type { Span } from '../source.ts'

/**
 * Where a stretch of a scalar's value stands in the file. Exact for plain and quoted scalars of one line without escapes and for
 * literal blocks (`|`); the whole scalar otherwise. `start` and `end` are offsets in the value.
 */
export function placeInside(node: ScalarNode, start: number, end: number): Span {
  const { span, style } = node
  const { file } = span
  const raw = file.text.slice(span.start, span.end)
  if (style === 'plain' && raw === node.source) return { file, start: span.start + start, end: span.start + end }
  if (style === 'quoted' && raw.slice(1, -1) === node.source) {
    return { file, start: span.start + 1 + start, end: span.start + 1 + end }
  }
  if (style === 'block' && raw.startsWith('|')) {
    const from = placeInBlock(node.source, raw, start)
    if (from !== undefined) {
      const to = placeInBlock(node.source, raw, Math.max(start, end - 1)) ?? from
      return { file, start: span.start + from, end: span.start + Math.max(from, to) + 1 }
    }
  }
  return span
}

/** Offset in the block, its header included. Lines of a literal block are lines of the file, each less the block's indentation. */
function placeInBlock(value: string, raw: string, offset: number): number | undefined {
  const valueLines = value.split('\n')
  const first = valueLines.findIndex(line => line.trim() !== '')
  if (first < 0) return undefined
  const rawLines = raw.split('\n').slice(1)
  const indentation = (rawLines[first]?.replace(/\r$/, '').length ?? 0) - (valueLines[first]?.length ?? 0)
  if (indentation < 0) return undefined
  const before = value.slice(0, offset)
  const line = before.split('\n').length - 1
  const column = offset - (before.lastIndexOf('\n') + 1)
  let at = raw.indexOf('\n') + 1
  for (let skipped = 0; skipped < line; skipped++) {
    const end = raw.indexOf('\n', at)
    if (end < 0) return undefined
    at = end + 1
  }
  return Math.min(raw.length, at + indentation + column)
}
