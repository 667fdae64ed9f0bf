/**
 * Divides an answer as it comes into words for the reader, and blocks of code, which are kept back until they have been looked at.
 * A fence is a line that begins with three backticks.
 */
export class AnswerParts {
  readonly #blocks: string[] = []
  #line = ''
  #block: string[] | undefined

  /** Takes the next piece of the answer; answers the words in it that may be shown. */
  add(text: string): string {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    return lines.map(line => this.#take(line, '\n')).join('')
  }

  /** The answer is complete; answers the last words. A block that was not ended is dropped. */
  end(): string {
    const words = this.#take(this.#line, '')
    this.#line = ''
    this.#block = undefined
    return words
  }

  /** The last complete block: the corrected file. */
  get lastBlock(): string | undefined {
    return this.#blocks.at(-1)
  }

  #take(line: string, ending: string): string {
    const isFence = line.startsWith('```')
    if (this.#block === undefined) {
      if (!isFence) return line + ending
      this.#block = []
      return ''
    }
    if (isFence) {
      this.#blocks.push(this.#block.map(each => `${each}\n`).join(''))
      this.#block = undefined
    } else this.#block.push(line)
    return ''
  }
}
