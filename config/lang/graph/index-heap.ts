/** A set of numbers that gives the least first. */
export class IndexHeap {
  readonly #items: number[] = []

  add(item: number): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (items[parent]! <= items[at]!) return
      this.#swap(at, parent)
      at = parent
    }
  }

  takeLeast(): number | undefined {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (least === undefined || last === undefined || items.length === 0) return least
    items[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const right = left + 1
      let smallest = at
      if (left < items.length && items[left]! < items[smallest]!) smallest = left
      if (right < items.length && items[right]! < items[smallest]!) smallest = right
      if (smallest === at) return least
      this.#swap(at, smallest)
      at = smallest
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]!
    this.#items[a] = this.#items[b]!
    this.#items[b] = item
  }
}
