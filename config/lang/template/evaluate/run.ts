import { type Place, TemplateError } from '../errors.ts'
import { MAX_OPEN_BLOCKS, type TemplateLimits } from '../limits.ts'

/** The state of one rendering: what came out so far, and what it cost. */
export class Run {
  readonly limits: TemplateLimits
  /** What is being evaluated: the place of errors that have none of their own. */
  at: Place = { start: 0, end: 0 }
  #text = ''
  #steps: number
  #calls = 0
  #openBlocks = 0

  constructor(limits: TemplateLimits) {
    this.limits = limits
    this.#steps = limits.steps
  }

  get text(): string {
    return this.#text
  }

  write(text: string): void {
    this.#text += text
    if (this.#text.length > this.limits.outputUnits) this.#tooLong('the rendered text')
  }

  charge(steps: number): void {
    this.#steps -= steps
    if (this.#steps >= 0) return
    const message = `the template did not end within ${this.limits.steps} steps`
    throw new TemplateError('limit', message, 'make its loops shorter, or prepare the values elsewhere')
  }

  /** The text, when it is not longer than any text may be. */
  checked(text: string): string {
    if (text.length > this.limits.outputUnits) this.#tooLong('a text')
    return text
  }

  /** Before a text of this length is made. */
  checkLength(units: number): void {
    if (units > this.limits.outputUnits) this.#tooLong('a text')
  }

  enter(name: string, nesting: number): void {
    this.#calls++
    this.#openBlocks += nesting
    if (this.#calls <= this.limits.calls && this.#openBlocks <= MAX_OPEN_BLOCKS) return
    const message = `{{ template "${name}" }} is nested ${this.#calls} calls deep`
    throw new TemplateError('limit', message, 'a template that calls itself needs a condition that ends it')
  }

  leave(nesting: number): void {
    this.#calls--
    this.#openBlocks -= nesting
  }

  #tooLong(what: string): never {
    const message = `${what} is longer than ${this.limits.outputUnits} characters`
    throw new TemplateError('limit', message, 'move large content into a file or an artifact')
  }
}
