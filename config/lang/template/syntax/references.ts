import type { Block, Definition, Expression, Pipeline } from './tree.ts'

/** A value that a template reads by a path that can be seen without rendering: `.Vars.redis_port`. */
export interface Reference {
  readonly path: readonly string[]
  readonly offset: number
  readonly length: number
  /** Read by `default` or the like, so that it need not exist. */
  readonly optional: boolean
}

/** Where a value is in the data, or undefined when that cannot be said. */
type Path = readonly string[] | undefined

/** Most references that are listed; a text of one megabyte could hold more than anybody wants to see. */
const MAX_REFERENCES = 10_000
/** Statements that are looked at, so that definitions which use each other end. */
const MAX_STATEMENTS = 100_000
const MAX_PATH = 32

/**
 * What the template reads, in the order of the text. `with`, variables that are set once, and `template` with a path as its
 * argument are followed; items of `range` and keys that are computed are not known before rendering.
 */
export function referencesOf(definitions: ReadonlyMap<string, Definition>): readonly Reference[] {
  const finder = new Finder(definitions)
  finder.use('', [])
  return finder.references()
}

class Finder {
  readonly #found: Reference[] = []
  readonly #byOffset = new Map<number, Reference[]>()
  readonly #definitions: ReadonlyMap<string, Definition>
  readonly #uses = new Map<string, { readonly definition: Definition; readonly dot: Path }>()
  #statements = 0

  constructor(definitions: ReadonlyMap<string, Definition>) {
    this.#definitions = definitions
  }

  references(): readonly Reference[] {
    // Whatever is used meanwhile is appended, and gets its turn.
    for (const { definition, dot } of this.#uses.values()) new Walk(this, dot).block(definition.body, dot)
    return this.#found.sort((a, b) => a.offset - b.offset)
  }

  use(name: string, dot: Path): void {
    const definition = this.#definitions.get(name)
    if (definition !== undefined) this.#uses.set(JSON.stringify([name, dot ?? null]), { definition, dot })
  }

  /** Whether there is time to look at so many more. */
  pay(statements: number): boolean {
    this.#statements += statements
    return this.#statements <= MAX_STATEMENTS
  }

  add(reference: Reference): void {
    if (this.#found.length >= MAX_REFERENCES) return
    const others = this.#byOffset.get(reference.offset)
    if (others === undefined) this.#byOffset.set(reference.offset, [reference])
    else if (others.every(other => !isSamePath(other.path, reference.path))) others.push(reference)
    else return
    this.#found.push(reference)
  }
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at])
}

/** One definition with one dot. */
class Walk {
  readonly #finder: Finder
  readonly #slots: Map<number, Path>

  constructor(finder: Finder, dot: Path) {
    this.#finder = finder
    this.#slots = new Map([[0, dot]])
  }

  block(block: Block, dot: Path): void {
    if (!this.#finder.pay(block.length + 1)) return
    for (const statement of block) {
      switch (statement.kind) {
        case 'output':
          this.#pipeline(statement.pipeline, dot)
          break
        case 'if':
        case 'with':
          for (const { condition, body } of statement.branches) {
            const path = this.#pipeline(condition, dot)
            this.block(body, statement.kind === 'with' ? path : dot)
          }
          this.block(statement.otherwise, dot)
          break
        case 'range':
          this.#pipeline(statement.over, dot)
          for (const { slot } of statement.over.targets) this.#slots.set(slot, undefined)
          this.block(statement.body, undefined)
          this.block(statement.otherwise, dot)
          break
        case 'template':
          this.#finder.use(statement.name, statement.argument && this.#pipeline(statement.argument, dot))
          break
        case 'text':
        case 'break':
        case 'continue':
      }
    }
  }

  /** The path of the pipeline's value. */
  #pipeline({ value, targets, sets }: Pipeline, dot: Path): Path {
    const path = this.#expression(value, dot, false)
    for (const { slot } of targets) this.#slots.set(slot, sets === 'declared' ? path : undefined)
    return path
  }

  #expression(expression: Expression, dot: Path, optional: boolean): Path {
    switch (expression.kind) {
      case 'literal':
        return undefined
      case 'dot':
        return dot
      case 'variable':
        return this.#slots.get(expression.slot)
      case 'parenthesis':
        return expression.pipeline.sets === 'none'
          ? this.#expression(expression.pipeline.value, dot, optional)
          : this.#pipeline(expression.pipeline, dot)
      case 'chain': {
        const base = this.#expression(expression.base, dot, optional)
        return this.#read(expression, base && [...base, ...expression.names.map(({ name }) => name)], optional)
      }
      case 'call':
        return this.#call(expression, dot, optional)
    }
  }

  #call(call: Extract<Expression, { kind: 'call' }>, dot: Path, optional: boolean): Path {
    const all = call.piped === undefined ? call.arguments : [...call.arguments, call.piped]
    const lenient = call.function.parameters.includes('optional') || (call.name === 'index' && optional)
    const [first] = all.map(each => this.#expression(each, dot, lenient))
    if (call.name !== 'index' || first === undefined) return undefined
    const keys = all
      .slice(1)
      .map(key => (key.kind === 'literal' && typeof key.value === 'string' ? key.value : undefined))
    const known = keys.filter(key => key !== undefined)
    return known.length < keys.length ? undefined : this.#read(call, [...first, ...known], optional)
  }

  #read({ start, end }: Expression, path: Path, optional: boolean): Path {
    if (path === undefined || path.length === 0 || path.length > MAX_PATH) return undefined
    this.#finder.add({ path, offset: start, length: end - start, optional })
    return path
  }
}
