import { type Located, type ResourceDeclaration, topologicalOrder } from '#config/lang'
import type { Problem, Report } from './problem.ts'

export type Relation = 'dependsOn' | 'before' | 'notify' | 'subscribes'

/** A reference to another resource, its templates rendered. */
export interface Reference {
  readonly relation: Relation
  readonly from: string
  readonly name: Located<string>
}

/** Resources that others refer to, by every name that means them. */
export class NameIndex {
  readonly #ids = new Map<string, string[]>()

  add(name: string, id: string): void {
    const ids = this.#ids.get(name)
    if (ids === undefined) this.#ids.set(name, [id])
    else if (!ids.includes(id)) ids.push(id)
  }

  /** A name that is known, though nothing on this host has it: `foreach` had no items. */
  know(name: string): void {
    if (!this.#ids.has(name)) this.#ids.set(name, [])
  }

  get(name: string): readonly string[] | undefined {
    return this.#ids.get(name)
  }
}

/** Who comes before whom, and who triggers whom. Ids. */
export class Edges {
  readonly dependsOn = new Map<string, Set<string>>()
  readonly notify = new Map<string, Set<string>>()
  readonly subscribes = new Map<string, Set<string>>()

  add(relation: Relation, from: string, to: string): void {
    switch (relation) {
      case 'dependsOn':
        put(this.dependsOn, from, to)
        return
      case 'before':
        put(this.dependsOn, to, from)
        return
      case 'notify':
        put(this.notify, from, to)
        put(this.subscribes, to, from)
        return
      case 'subscribes':
        put(this.subscribes, from, to)
        put(this.notify, to, from)
    }
  }

  /** The ids in an order that all edges agree with. A circle is reported; the order is then the one that was given. */
  order(ids: readonly string[], places: ReadonlyMap<string, ResourceDeclaration>, report: Report): readonly string[] {
    const edges = [this.dependsOn, this.subscribes].flatMap(relation =>
      Array.from(relation).flatMap(([second, firsts]) => Array.from(firsts, first => ({ first, second }))),
    )
    if (edges.length === 0) return ids
    const answer = topologicalOrder(ids, edges)
    if ('order' in answer) return answer.order
    report(cycleProblem(answer.cycle, places))
    return ids
  }
}

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  if (key === value) return
  const values = map.get(key)
  if (values === undefined) map.set(key, new Set([value]))
  else values.add(value)
}

function cycleProblem(cycle: readonly string[], places: ReadonlyMap<string, ResourceDeclaration>): Problem {
  const shown = cycle.length > 8 ? [...cycle.slice(0, 7), '…'] : cycle
  const [first = ''] = cycle
  const declared = cycle.map(id => places.get(id)).filter(each => each !== undefined)
  const span = declared[0]?.name.span
  if (span === undefined) throw new Error(`the resource '${first}' of a circle has no place`)
  return {
    code: 'cycle',
    span,
    message: `resources wait for each other in a circle: ${[...shown, first].join(' → ')}`,
    hint: 'take away one of their references; an arrow means that a resource comes before the next',
    related: declared
      .slice(1, 8)
      .map(({ name }) => ({ span: name.span, message: `'${name.value.slice(0, 80)}' is here` })),
  }
}
