import { type Located, type ResourceDeclaration, topologicalOrder } from '#config/lang'
import type { Problem, Report } from './problem.ts'

export type Relation = 'dependsOn' | 'before' | 'notify' | 'subscribes'

export const RELATIONS: readonly Relation[] = ['dependsOn', 'before', 'notify', 'subscribes']

/** A reference to another resource, its templates rendered. */
export interface Reference {
  readonly relation: Relation
  readonly from: string
  readonly name: Located<string>
}

/** What one resource has to do with others: ids, sorted. */
export interface Links {
  readonly dependsOn: readonly string[]
  readonly notify: readonly string[]
  readonly subscribes: readonly string[]
}

const NONE: readonly string[] = []
export const NO_LINKS: Links = { dependsOn: NONE, notify: NONE, subscribes: NONE }

/** Who comes before whom, and who triggers whom. Ids. */
export class Edges {
  readonly #dependsOn = new Map<string, Set<string>>()
  readonly #notify = new Map<string, Set<string>>()
  readonly #subscribes = new Map<string, Set<string>>()

  add(relation: Relation, from: string, to: string): void {
    switch (relation) {
      case 'dependsOn':
        put(this.#dependsOn, from, to)
        return
      case 'before':
        put(this.#dependsOn, to, from)
        return
      case 'notify':
        put(this.#notify, from, to)
        put(this.#subscribes, to, from)
        return
      case 'subscribes':
        put(this.#subscribes, from, to)
        put(this.#notify, to, from)
    }
  }

  linksOf(id: string): Links {
    const dependsOn = this.#dependsOn.get(id)
    const notify = this.#notify.get(id)
    const subscribes = this.#subscribes.get(id)
    if (dependsOn === undefined && notify === undefined && subscribes === undefined) return NO_LINKS
    return { dependsOn: listed(dependsOn), notify: listed(notify), subscribes: listed(subscribes) }
  }

  /** The ids in an order that all edges agree with. A circle is reported; the order is then the one that was given. */
  order(ids: readonly string[], declarationOf: DeclarationOf, report: Report): readonly string[] {
    if (this.#isInOrder(ids)) return ids
    const edges = [this.#dependsOn, this.#subscribes].flatMap(relation =>
      Array.from(relation).flatMap(([second, firsts]) => Array.from(firsts, first => ({ first, second }))),
    )
    const answer = topologicalOrder(ids, edges)
    if ('order' in answer) return answer.order
    report(cycleProblem(answer.cycle, declarationOf))
    return ids
  }

  /** Authors mostly write things in the order in which they are done. */
  #isInOrder(ids: readonly string[]): boolean {
    if (this.#dependsOn.size + this.#subscribes.size === 0) return true
    const before = new Set<string>()
    for (const id of ids) {
      for (const first of this.#dependsOn.get(id) ?? NONE) if (!before.has(first)) return false
      for (const first of this.#subscribes.get(id) ?? NONE) if (!before.has(first)) return false
      before.add(id)
    }
    return true
  }
}

type DeclarationOf = (id: string) => ResourceDeclaration | undefined

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  if (key === value) return
  const values = map.get(key)
  if (values === undefined) map.set(key, new Set([value]))
  else values.add(value)
}

function listed(ids: ReadonlySet<string> | undefined): readonly string[] {
  return ids === undefined ? NONE : [...ids].sort()
}

function cycleProblem(cycle: readonly string[], declarationOf: DeclarationOf): Problem {
  const shown = cycle.length > 8 ? [...cycle.slice(0, 7), '…'] : cycle
  const [first = ''] = cycle
  const declared = cycle.map(declarationOf).filter(each => each !== undefined)
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
