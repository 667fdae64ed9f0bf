import type { Read } from './reads.ts'

/** What a read finds, as `foundAs` writes it. */
export type Finder = (read: Read) => string

type Node<T> =
  | { readonly kind: 'result'; readonly result: T }
  | { readonly kind: 'read'; readonly read: Read; readonly next: Map<string, Node<T>> }

/** Most results that one tree keeps; beyond that the oldest answers are worth no memory. */
const MAX_RESULTS = 4096

/**
 * Results of one pure computation, by what it read. What it reads next depends on nothing but what it has found so far, so that its
 * reads make a tree: to know whether a result is known, the same reads are asked again and no others.
 */
export class DecisionTree<T> {
  #root: Node<T> | undefined
  #results = 0

  get isEmpty(): boolean {
    return this.#root === undefined
  }

  find(finder: Finder): T | undefined {
    let node = this.#root
    while (node !== undefined) {
      if (node.kind === 'result') return node.result
      node = node.next.get(finder(node.read))
    }
    return undefined
  }

  /** Keeps what a computation answered after these reads found these values. */
  add(reads: readonly Read[], found: readonly string[], result: T): void {
    if (++this.#results > MAX_RESULTS) {
      this.#root = undefined
      this.#results = 1
    }
    const leaf: Node<T> = { kind: 'result', result }
    const [first] = reads
    if (first === undefined) {
      this.#root = leaf
      return
    }
    let node: Node<T> = (this.#root ??= { kind: 'read', read: first, next: new Map() })
    for (const [at, key] of found.entries()) {
      if (node.kind === 'result') throw new Error('a computation read something else than before')
      const read = reads[at + 1]
      const next: Node<T> =
        read === undefined ? leaf : (node.next.get(key) ?? { kind: 'read', read, next: new Map<string, Node<T>>() })
      node.next.set(key, next)
      node = next
    }
  }
}
