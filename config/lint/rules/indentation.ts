import type { Edit } from '../edit.ts'
import type { FixRule } from '../rule.ts'
import type { Block, Item } from '../syntax/index.ts'
import type { View } from '../view.ts'

const STEP = 2

export const indentation: FixRule = {
  name: 'indentation',
  stage: 'structure',
  files: 'crates',
  summary:
    'Keys and dashes are two spaces further to the right than what they belong to, comments where their neighbours are. Texts of several lines and flow collections move as a whole.',
  fix: view => (view.skeleton === undefined ? [] : new Indenter(view).run(view.skeleton)),
}

class Indenter {
  readonly #view: View
  readonly #edits: Edit[] = []

  constructor(view: View) {
    this.#view = view
  }

  run(root: Block): readonly Edit[] {
    this.#comments(0, (root.items[0]?.firstLine ?? 0) - 1, 0)
    this.#block(root, 0, this.#view.lines.count - 1)
    return this.#edits
  }

  /** Lines of a block up to `until`, the last one that can have a comment of its own. `column` is where it should stand. */
  #block(block: Block, column: number, until: number): void {
    const { margin } = this.#view
    let at = 0
    for (const item of block.items) {
      const next = block.items[++at]
      const end = next === undefined ? until : next.firstLine - 1
      const tail = margin.deeperBelow(item.lastLine, end, block.column)
      this.#start(item, column)
      if (block.kind === 'list') this.#dash(item)
      if (item.block === undefined) {
        this.#value(item, column - block.column, column)
        this.#comments(item.lastLine + 1, tail, column)
      } else {
        this.#inside(item, item.block, column, tail)
      }
      this.#comments(tail + 1, end, column)
    }
  }

  /** A collection starts on the line of its dash, or below its dash or key. */
  #inside(item: Item, block: Block, column: number, tail: number): void {
    const first = block.items[0]
    if (first === undefined) return
    this.#comments(item.firstLine + 1, first.firstLine - 1, column + STEP)
    for (let line = item.firstLine + 1; line < first.firstLine; line++) {
      if (!this.#view.margin.isBlank(line) && !this.#view.margin.isComment(line)) this.#lead(line, column + STEP)
    }
    this.#block(block, column + STEP, tail)
  }

  /** One blank between a dash and what follows it on its line. */
  #dash(item: Item): void {
    const { text } = this.#view
    const start = item.start + 1
    let end = start
    while (text[end] === ' ') end++
    const isFollowed = end < item.end && !['\n', '\t', '#'].includes(text[end] ?? '\n')
    if (isFollowed && end - start !== 1) this.#replace(start, end, ' ')
  }

  /** The line of a key or dash, when nothing stands before it. */
  #start(item: Item, column: number): void {
    const { lines } = this.#view
    if (lines.columnAt(item.start) === lines.indentationOf(item.firstLine)) this.#lead(item.firstLine, column)
  }

  /** The further lines of a value that is no block. */
  #value(item: Item, shift: number, column: number): void {
    const { lines } = this.#view
    if (item.lastLine === item.firstLine) return
    const text = this.#textOf(item, column - shift)
    const move = text === undefined || text.isGiven ? shift : column + STEP - text.indentation
    if (move === 0) return
    for (let line = item.firstLine + 1; line <= item.lastLine; line++) {
      const length = lines.indentationOf(line)
      const isEmpty = lines.endOf(line) - lines.startOf(line) === length && length <= (text?.indentation ?? length)
      if (!isEmpty) this.#lead(line, Math.max(0, length + move))
    }
  }

  /** How far the text of a block scalar is indented, and whether its header says so. */
  #textOf(item: Item, column: number): { readonly indentation: number; readonly isGiven: boolean } | undefined {
    const { lines, text } = this.#view
    if (item.valueStart === undefined) return undefined
    const header = /^[|>][-+]?(\d?)/.exec(text.slice(item.valueStart, item.valueStart + 3))
    if (header === null) return undefined
    if (header[1] !== '') return { indentation: column + Number(header[1]), isGiven: true }
    let line = item.firstLine + 1
    while (line < item.lastLine && lines.indentationOf(line) === lines.endOf(line) - lines.startOf(line)) line++
    return { indentation: lines.indentationOf(line), isGiven: false }
  }

  #comments(from: number, to: number, column: number): void {
    for (let line = from; line <= to; line++) if (this.#view.margin.isComment(line)) this.#lead(line, column)
  }

  /** Gives a line so many spaces. */
  #lead(line: number, spaces: number): void {
    const { lines } = this.#view
    const length = lines.indentationOf(line)
    const start = lines.startOf(line)
    if (length !== spaces) this.#replace(start, start + length, ' '.repeat(spaces))
  }

  #replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, message: 'indentation corrected' })
  }
}
