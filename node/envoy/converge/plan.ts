import type { Bundle, BundleResource } from '#config/store'

/** One resource in its place. Positions are those of `Plan.steps`. */
export interface Step {
  readonly resource: BundleResource
  readonly dependsOn: readonly number[]
  /** Whom a change of this one triggers: its `notify`, and everybody that subscribes to it. */
  readonly notifies: readonly number[]
}

export interface Plan {
  readonly steps: readonly Step[]
}

/** A bundle as positions and edges, in the bundle's order. Edges to resources that the host does not get are left out. */
export function planOf({ resources }: Pick<Bundle, 'resources'>): Plan {
  const positions = new Map(resources.map(({ id }, at) => [id, at]))
  const notifies = resources.map(() => new Set<number>())
  const at = (ids: readonly string[]): number[] =>
    ids.map(id => positions.get(id)).filter(position => position !== undefined)
  for (const [position, { notify, subscribes }] of resources.entries()) {
    for (const target of at(notify)) notifies[position]?.add(target)
    for (const source of at(subscribes)) notifies[source]?.add(position)
  }
  for (const [position, targets] of notifies.entries()) targets.delete(position)
  return {
    steps: resources.map((resource, position) => ({
      resource,
      dependsOn: at(resource.dependsOn),
      notifies: [...(notifies[position] ?? [])].sort((a, b) => a - b),
    })),
  }
}
