import { attributeNamed, type MapNode, resourceSchemas } from '#config/lang'
import { textOf } from './crate.ts'

/** Keys of a configcrate or usercrate, as the linter orders them. */
export const crateOrder: readonly string[] = [
  'name',
  'configcrate',
  'usercrate',
  'description',
  'depends_on',
  'vars',
  'defaults',
  'foreach',
  'when',
  'compliance',
  'provides',
  'bundle',
  'resources',
]

/** Keys that stand before the attributes of every resource. */
export const firstKeys: readonly string[] = ['name', 'type', 'skip_validation', 'custom']

/** Keys that stand behind the attributes of every resource. */
export const lastKeys: readonly string[] = ['foreach', 'when', 'depends_on', 'before', 'notify', 'subscribes']

/** Place of a key among the others of its map; keys of one rank stay as the author ordered them. */
export type Rank = (key: string | undefined) => number

const BEHIND = 1_000_000

export const crateRank: Rank = key => {
  const at = key === undefined ? -1 : crateOrder.indexOf(key)
  return at < 0 ? crateOrder.indexOf('resources') - 0.5 : at
}

/** By the attributes of its type; those that the type does not know come behind the others. */
export function resourceRank(resource: MapNode): Rank {
  const schema = resourceSchemas.get(textOf(resource, 'type') ?? '')
  const places = new Map(schema?.attributes.map((attribute, at) => [attribute, firstKeys.length + at]))
  return key => {
    if (key === undefined) return BEHIND
    if (firstKeys.includes(key)) return firstKeys.indexOf(key)
    if (lastKeys.includes(key)) return BEHIND + 1 + lastKeys.indexOf(key)
    const attribute = schema && attributeNamed(schema, key)
    return (attribute && places.get(attribute)) ?? BEHIND
  }
}
