import { dictionary } from '#node/kit'
import type { Node } from '../node.ts'
import type { Plain } from '../schema.ts'

/** The value of a node without its places. Maps have no prototype. */
export function plainOf(node: Node): Plain {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(plainOf)
    case 'map':
      return dictionary(Array.from(node.entries.values(), ({ key, value }) => [key, plainOf(value)] as const))
  }
}
