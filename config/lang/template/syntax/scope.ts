/** The variables that are visible at a point of one definition, and their slots. */
export class Scope {
  readonly #visible: { readonly name: string; readonly slot: number }[] = [{ name: '$', slot: 0 }]
  #slots = 1

  declare(name: string): number {
    const slot = this.#slots++
    this.#visible.push({ name, slot })
    return slot
  }

  /** The slot of the innermost variable of this name. */
  find(name: string): number | undefined {
    return this.#visible.findLast(variable => variable.name === name)?.slot
  }

  /** What an author has declared so far. */
  get names(): string[] {
    return this.#visible.slice(1).map(({ name }) => name)
  }

  /** To be given to `release` at the end of a block. */
  mark(): number {
    return this.#visible.length
  }

  release(mark: number): void {
    this.#visible.length = mark
  }
}
