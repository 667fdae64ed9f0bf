/** The lines of a text by number, counted from 0. A line ends before its line feed. */
export class Lines {
  readonly text: string
  readonly #starts: readonly number[]
  /** The line that was asked for last: who goes through a text asks for it again, or for one below. */
  #latest = 0

  constructor(text: string) {
    this.text = text
    const starts = [0]
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.#starts = starts
  }

  get count(): number {
    return this.#starts.length
  }

  startOf(line: number): number {
    return this.#starts[line] ?? this.text.length
  }

  endOf(line: number): number {
    return line + 1 < this.#starts.length ? this.startOf(line + 1) - 1 : this.text.length
  }

  textOf(line: number): string {
    return this.text.slice(this.startOf(line), this.endOf(line))
  }

  /** The line that the offset is in. */
  at(offset: number): number {
    for (let line = this.#latest; line < this.#latest + 2; line++) {
      if (this.#has(line, offset)) {
        this.#latest = line
        return line
      }
    }
    let from = 0
    let to = this.#starts.length - 1
    while (from < to) {
      const middle = (from + to + 1) >>> 1
      if (this.startOf(middle) <= offset) from = middle
      else to = middle - 1
    }
    this.#latest = from
    return from
  }

  #has(line: number, offset: number): boolean {
    const starts = this.#starts
    return (
      (starts[line] ?? Number.POSITIVE_INFINITY) <= offset && offset < (starts[line + 1] ?? Number.POSITIVE_INFINITY)
    )
  }

  columnAt(offset: number): number {
    return offset - this.startOf(this.at(offset))
  }

  /** Spaces that the line starts with. */
  indentationOf(line: number): number {
    const start = this.startOf(line)
    let at = start
    while (this.text[at] === ' ') at++
    return at - start
  }
}
