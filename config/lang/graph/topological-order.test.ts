import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Edge, topologicalOrder } from './index.ts'

const names = 'abcdefghij'.split('')
const anyEdge = fc.record({ first: fc.constantFrom(...names), second: fc.constantFrom(...names) })
const forwardEdge = anyEdge.filter(({ first, second }) => first < second)

describe('the topological order', () => {
  test('is the declared order when nothing depends on anything', () => {
    expect(topologicalOrder(['b', 'c', 'a'], [])).toEqual({ order: ['b', 'c', 'a'] })
  })

  test('moves only what an edge moves', () => {
    expect(topologicalOrder(['a', 'b', 'c'], [{ first: 'c', second: 'a' }])).toEqual({ order: ['b', 'c', 'a'] })
  })

  test('agrees with every edge, has every node once, and does not depend on the order of the edges', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(names), fc.array(forwardEdge, { maxLength: 30 }), (nodes, edges) => {
        const answer = topologicalOrder(nodes, edges)
        if (!('order' in answer)) throw new Error('edges that all point forward have no cycle')
        expect(answer.order.toSorted()).toEqual(nodes.toSorted())
        for (const { first, second } of edges) {
          if (!nodes.includes(first) || !nodes.includes(second)) continue
          expect(answer.order.indexOf(first)).toBeLessThan(answer.order.indexOf(second))
        }
        expect(topologicalOrder(nodes, edges.toReversed())).toEqual(answer)
      }),
    )
  })

  test('puts the earliest of those that could come next first', () => {
    fc.assert(
      fc.property(fc.array(forwardEdge, { maxLength: 30 }), edges => {
        const nodes = names.toReversed()
        const answer = topologicalOrder(nodes, edges)
        if (!('order' in answer)) throw new Error('edges that all point forward have no cycle')
        const { order } = answer
        for (const [at, node] of order.entries()) {
          const placed = order.slice(0, at)
          const isReady = (candidate: string) =>
            edges.every(({ first, second }) => second !== candidate || placed.includes(first))
          const earliest = nodes.find(candidate => !placed.includes(candidate) && isReady(candidate))
          expect(node).toBe(earliest)
        }
      }),
    )
  })

  test('names the members of a cycle in their order', () => {
    const edges = [
      { first: 'c', second: 'b' },
      { first: 'b', second: 'd' },
      { first: 'd', second: 'c' },
      { first: 'd', second: 'e' },
    ]
    expect(topologicalOrder(['a', 'b', 'c', 'd', 'e'], edges)).toEqual({ cycle: ['b', 'd', 'c'] })
    expect(topologicalOrder(['a'], [{ first: 'a', second: 'a' }])).toEqual({ cycle: ['a'] })
  })

  test('answers every graph with an order or a cycle of real edges, never with both or neither', () => {
    fc.assert(
      fc.property(fc.array(anyEdge, { maxLength: 25 }), edges => {
        const answer = topologicalOrder(names, edges)
        if ('order' in answer) {
          expect(isAcyclic(edges)).toBe(true)
          return
        }
        const { cycle } = answer
        expect(new Set(cycle).size).toBe(cycle.length)
        for (const [at, first] of cycle.entries()) {
          const second = cycle[(at + 1) % cycle.length]
          expect(edges).toContainEqual({ first, second })
        }
        expect(topologicalOrder(names, edges.toReversed())).toEqual(answer)
      }),
    )
  })

  test('takes a chain of twenty thousand without recursion', () => {
    const nodes = Array.from({ length: 20_000 }, (_, at) => `n${at}`)
    const edges = nodes.slice(1).map((node, at): Edge => ({ first: node, second: nodes[at] ?? '' }))
    const answer = topologicalOrder(nodes, edges)
    expect('order' in answer && answer.order[0]).toBe('n19999')
    const closed = topologicalOrder(nodes, [...edges, { first: 'n0', second: 'n19999' }])
    expect('cycle' in closed && closed.cycle.length).toBe(20_000)
  })
})

/** By reachability, another way than the one under test. */
function isAcyclic(edges: readonly Edge[]): boolean {
  const reaches = new Set(edges.map(({ first, second }) => `${first}${second}`))
  for (const middle of names) {
    for (const from of names) {
      for (const to of names) {
        if (reaches.has(from + middle) && reaches.has(middle + to)) reaches.add(from + to)
      }
    }
  }
  return names.every(name => !reaches.has(name + name))
}
