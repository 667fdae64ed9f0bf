import type { MapNode } from '#config/lang'

/** The resources of a crate that are maps, in order. */
export function resourcesOf(crate: MapNode): readonly MapNode[] {
  const resources = crate.entries.get('resources')?.value
  return resources?.kind === 'list' ? resources.items.filter(item => item.kind === 'map') : []
}

/** The text of a scalar; undefined for anything else, and for nothing. */
export function textOf(map: MapNode, key: string): string | undefined {
  const node = map.entries.get(key)?.value
  return node?.kind === 'scalar' && (node.value !== null || node.style !== 'plain') ? node.source : undefined
}

/** What the resource is called in messages. */
export function calledIn(resource: MapNode): string {
  return `'${(textOf(resource, 'name') ?? textOf(resource, 'type') ?? 'resource').slice(0, 80)}'`
}
