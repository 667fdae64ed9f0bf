import type { Place } from '../errors.ts'
import { suggest } from '../suggestion.ts'
import type { Problems } from './problems.ts'
import type { Block, Definition } from './tree.ts'

/** What a text defines and uses by name. */
export class Definitions {
  readonly #problems: Problems
  readonly #byName = new Map<string, Definition>()
  readonly #uses: { readonly name: string; readonly place: Place }[] = []

  constructor(problems: Problems) {
    this.#problems = problems
  }

  /** As in Go, a definition of nothing but space gives way to another of the same name. */
  add(definition: Definition, place: Place): void {
    const before = this.#byName.get(definition.name)
    if (before === undefined || isBlank(before.body)) this.#byName.set(definition.name, definition)
    else if (!isBlank(definition.body)) {
      this.#problems.syntax(
        place,
        `a template "${definition.name}" is defined twice in this text`,
        'rename one of them',
      )
    }
  }

  use(name: string, place: Place): void {
    this.#uses.push({ name, place })
  }

  /** Everything by name, the text's own body under ''. */
  close(main: Definition): ReadonlyMap<string, Definition> {
    const names = [...this.#byName.keys()]
    for (const { name, place } of this.#uses) {
      if (this.#byName.has(name)) continue
      const hint = suggest(name, names, () => `add {{ define "${name}" }} … {{ end }} to this text`)
      this.#problems.syntax(place, `no template "${name}" is defined in this text`, hint)
    }
    return new Map([['', main], ...this.#byName])
  }
}

function isBlank(block: Block): boolean {
  return block.every(statement => statement.kind === 'text' && statement.text.trim() === '')
}
