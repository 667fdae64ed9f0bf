import type { MapNode, Node } from '#config/lang'
import type { Block, Item } from './syntax/index.ts'

export interface BlockResource {
  readonly node: MapNode
  readonly item: Item
}

/** The resources of a crate that stand below each other, each with its place. None when `resources:` is written as `[…]`. */
export function blockResourcesOf(crate: MapNode | undefined, root: Block | undefined): readonly BlockResource[] {
  const resources = crate?.entries.get('resources')?.value
  const block = root?.items.find(({ key }) => key === 'resources')?.block
  if (resources?.kind !== 'list' || block?.kind !== 'list' || block.items.length !== resources.items.length) return []
  return block.items.flatMap((item, at) => {
    const node: Node | undefined = resources.items[at]
    return node?.kind === 'map' ? [{ node, item }] : []
  })
}
