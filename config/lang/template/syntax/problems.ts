import type { Place, TemplateProblem } from '../errors.ts'
import { MAX_PROBLEMS } from '../limits.ts'

/** What reading a text finds wrong, in the order of the text, each place once. */
export class Problems {
  readonly #found = new Map<number, TemplateProblem>()

  add(problem: TemplateProblem): void {
    if (this.#found.size < MAX_PROBLEMS && !this.#found.has(problem.offset)) this.#found.set(problem.offset, problem)
  }

  syntax(place: Place, message: string, hint = ''): void {
    this.add({ code: 'syntax', offset: place.start, length: place.end - place.start, message, hint })
  }

  get isFull(): boolean {
    return this.#found.size >= MAX_PROBLEMS
  }

  get all(): TemplateProblem[] {
    return [...this.#found.values()].sort((a, b) => a.offset - b.offset)
  }
}
