import { type AttributeSchema, type MapNode, type ResourceSchema, resourceSchemas } from '#config/lang'
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

const ranks = new Map<ResourceSchema | undefined, Rank>()

/** By the attributes of its type; those that the type does not know come behind the others. */
export function resourceRank(resource: MapNode): Rank {
  const schema = resourceSchemas.get(textOf(resource, 'type') ?? '')
  let rank = ranks.get(schema)
  if (rank === undefined) {
    const places = placesOf(schema?.attributes ?? [])
    rank = key => (key === undefined ? undefined : places.get(key)) ?? BEHIND
    ranks.set(schema, rank)
  }
  return rank
}

function placesOf(attributes: readonly AttributeSchema[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [at, { name, aliases = [] }] of attributes.entries()) {
    for (const spelling of [name, ...aliases]) places.set(spelling, firstKeys.length + at)
  }
  for (const [at, key] of firstKeys.entries()) places.set(key, at)
  for (const [at, key] of lastKeys.entries()) places.set(key, BEHIND + 1 + at)
  return places
}
