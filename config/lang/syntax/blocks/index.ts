import { Diagnostics } from '../../diagnostic.ts'
import type { SourceFile } from '../../source.ts'
import { readOrdinary } from '../ordinary/index.ts'
import { tokensOf } from '../tokens.ts'
import type { Block } from './block.ts'
import { blocksOfNodes } from './blocks-of-nodes.ts'
import { blocksOfTokens } from './blocks-of-tokens.ts'

export type { Block, BlockItem } from './block.ts'

/**
 * The block collections of a text that the reader has read without a syntax error, and so is no deeper than the language allows.
 * Undefined when the whole is no block map, or has keys with `?`.
 */
export function blocksOf(file: SourceFile): Block | undefined {
  const ordinary = readOrdinary(file)
  if (ordinary !== undefined) return blocksOfNodes(ordinary.root)
  const tokens = tokensOf(file, new Diagnostics())
  return tokens && blocksOfTokens(tokens)
}
