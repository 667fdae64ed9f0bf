import { IndexHeap } from './index-heap.ts'

/** `first` comes before `second`. */
export interface Edge {
  readonly first: string
  readonly second: string
}

export type TopologicalOrder =
  | { readonly order: readonly string[] }
  /** Each comes before the next, and the last before the first; starts with the earliest of `nodes`. */
  | { readonly cycle: readonly string[] }

/**
 * The nodes in an order that all edges agree with. Among those that could come next the earliest of `nodes` does, so the answer
 * depends on the order of `nodes` and on the set of edges only. Edges of unknown nodes are left out.
 */
export function topologicalOrder(nodes: readonly string[], edges: Iterable<Edge>): TopologicalOrder {
  const positions = new Map(nodes.map((node, at) => [node, at]))
  const next: (Set<number> | undefined)[] = nodes.map(() => undefined)
  const open = nodes.map(() => 0)
  for (const { first, second } of edges) {
    const from = positions.get(first)
    const to = positions.get(second)
    if (from === undefined || to === undefined || next[from]?.has(to) === true) continue
    next[from] ??= new Set()
    next[from].add(to)
    open[to]! += 1
  }
  const ready = new IndexHeap()
  for (const [at, count] of open.entries()) if (count === 0) ready.add(at)
  const order: string[] = []
  for (let at = ready.takeLeast(); at !== undefined; at = ready.takeLeast()) {
    order.push(nodes[at]!)
    for (const to of next[at] ?? []) if (--open[to]! === 0) ready.add(to)
  }
  if (order.length === positions.size) return { order }
  return { cycle: cycleAmong(next, open).map(at => nodes[at]!) }
}

/** Every node that is still open has an open predecessor: walking backwards ends in a cycle. */
function cycleAmong(next: readonly (ReadonlySet<number> | undefined)[], open: readonly number[]): number[] {
  const least = new Map<number, number>()
  for (const [from, targets] of next.entries()) {
    if (open[from] === 0) continue
    for (const to of targets ?? []) if (!least.has(to)) least.set(to, from)
  }
  const path: number[] = []
  const seen = new Map<number, number>()
  let at = open.findIndex(count => count > 0)
  while (!seen.has(at)) {
    seen.set(at, path.length)
    path.push(at)
    at = least.get(at)!
  }
  const cycle = path.slice(seen.get(at)).reverse()
  const start = cycle.indexOf(cycle.reduce((a, b) => Math.min(a, b)))
  return [...cycle.slice(start), ...cycle.slice(0, start)]
}
