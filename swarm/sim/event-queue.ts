interface Entry {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time: runs what was planned in order of time, and of planning where times are equal. A binary heap. */
export class EventQueue {
  now = 0
  #order = 0
  readonly #heap: Entry[] = []

  get size(): number {
    return this.#heap.length
  }

  after(delayMs: number, run: () => void): void {
    this.#push({ at: this.now + delayMs, order: this.#order++, run })
  }

  /** Runs events up to `untilMs`, or while `going` answers true. */
  run(untilMs: number, going: () => boolean): void {
    while (this.#heap.length > 0 && going()) {
      if (this.#heap[0]!.at > untilMs) return
      const { at, run } = this.#pop()
      this.now = at
      run()
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    let at = 0
    while (true) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return top
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
