import { type BlockItem, type Block as BlockSyntax, blocksOf, type SourceFile } from '#config/lang'
import type { Lines } from './lines.ts'

/** A block with the lines that it is on. */
export interface Block extends BlockSyntax {
  /** Where its keys or dashes stand. */
  readonly column: number
  readonly items: readonly Item[]
}

export interface Item extends BlockItem {
  readonly firstLine: number
  readonly lastLine: number
  readonly block: Block | undefined
}

/**
 * The block collections of a text that the reader has read without a syntax error. Undefined when the whole is no block map, or has keys
 * with `?`.
 */
export function skeletonOf(file: SourceFile, lines: Lines): Block | undefined {
  const block = blocksOf(file)
  return block && placed(block, lines)
}

function placed({ kind, items }: BlockSyntax, lines: Lines): Block {
  return {
    kind,
    column: lines.columnAt(items[0]?.start ?? 0),
    items: items.map(({ start, end, key, valueStart, block }) => {
      const firstLine = lines.at(start)
      const below = block && placed(block, lines)
      const lastLine = lines.at(Math.max(start, end - 1))
      return { start, end, key, valueStart, firstLine, lastLine, block: below }
    }),
  }
}
