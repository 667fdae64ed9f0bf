import { formatWhen, JOINED_WHEN_LIMITS, type ResourceDeclaration, type SourceFile } from '#config/lang'
import { both, type Condition, conditionOf } from '../resolve/index.ts'
import type { Skipped } from './bundle.ts'
import type { TemplateData } from './data.ts'
import type { PreparedResource } from './prepared.ts'
import type { Problem, Report } from './problem.ts'
import { RELATIONS, type Reference } from './references.ts'
import { renderLine } from './render.ts'
import { itemsOf } from './repetition.ts'
import { type CompiledAttributes, compileAttributes } from './resource.ts'

/** One resource of one host, before it is known what else the host has. */
export interface Stamped extends CompiledAttributes {
  readonly id: string
  readonly name: string
  readonly prepared: PreparedResource
  /** What the agent has to decide; empty when it always holds. */
  readonly when: string
}

/** One copy of a declared resource; `stamped` is undefined where its condition is false. */
export interface Copy {
  readonly id: string
  readonly name: string
  readonly stamped: Stamped | undefined
  readonly references: readonly Reference[]
}

/** What a declared resource becomes: one copy, or one for each item of its `foreach`. */
export interface Stamping {
  readonly copies: readonly Copy[]
  readonly skipped: readonly Skipped[]
  readonly problems: readonly Problem[]
  readonly readsTraits: boolean
}

export interface StampContext {
  readonly data: TemplateData
  readonly templates: ReadonlyMap<string, SourceFile>
  /** Nothing is left out, because the traits are nobody's. */
  readonly keepsAll: boolean
}

/** The resource below a crate that is called `title` here, and that is there as far as the condition holds. */
export function stamp(
  prepared: PreparedResource,
  title: string,
  condition: Condition,
  context: StampContext,
): Stamping {
  return new StampRun(prepared, title, condition, context).run()
}

/** The condition of a crate or a resource, as far as it can be decided. */
export function decideWhen(
  when: ResourceDeclaration['when'],
  { data, keepsAll }: StampContext,
  report: Report,
): Condition {
  if (when === undefined) return true
  data.guessed = false
  const text = renderLine(when, { data, report })
  if (text === undefined) return true
  const condition = conditionOf(text, keepsAll ? null : data.traits, problem => {
    if (!data.guessed) report({ code: 'when-syntax', span: when.span, ...problem })
  })
  return condition === false && keepsAll ? true : condition
}

class StampRun {
  readonly #prepared: PreparedResource
  readonly #title: string
  readonly #condition: Condition
  readonly #context: StampContext
  readonly #skipped: Skipped[] = []
  readonly #problems: Problem[] = []

  constructor(prepared: PreparedResource, title: string, condition: Condition, context: StampContext) {
    this.#prepared = prepared
    this.#title = title
    this.#condition = condition
    this.#context = context
  }

  run(): Stamping {
    return {
      copies: this.#copies(),
      skipped: this.#skipped,
      problems: this.#problems,
      readsTraits: this.#context.data.log.readTraits,
    }
  }

  #copies(): Copy[] {
    const { foreach, name: declared } = this.#prepared.declaration
    const { data } = this.#context
    if (foreach === undefined) return this.#copy(this.#context, '')
    data.guessed = false
    const isPlain = !declared.value.includes('{{')
    const items = itemsOf(foreach, data, this.#report) ?? []
    return items.flatMap(({ value, label }) =>
      this.#copy({ ...this.#context, data: data.withItem(value) }, isPlain ? `[${label}]` : ''),
    )
  }

  readonly #report: Report = problem => {
    this.#problems.push(problem)
  }

  #copy(context: StampContext, suffix: string): Copy[] {
    const { data, templates } = context
    const { declaration } = this.#prepared
    const rendered = this.#line(declaration.name, data)
    if (rendered === undefined) return []
    const name = rendered + suffix
    const id = `${this.#title}/${name}`
    const condition = both(this.#condition, decideWhen(declaration.when, context, this.#report))
    if (condition === false) {
      this.#skipped.push({ id, reason: `when: ${(declaration.when?.value ?? '').slice(0, 400)}` })
      return [{ id, name, stamped: undefined, references: [] }]
    }
    const attributes = compileAttributes(this.#prepared, { data, templates, report: this.#report })
    const when = this.#formatted(condition)
    const stamped = { id, name, prepared: this.#prepared, when, ...attributes }
    return [{ id, name, stamped, references: this.#references(id, data) }]
  }

  #references(from: string, data: TemplateData): readonly Reference[] {
    const { declaration } = this.#prepared
    const references: Reference[] = []
    for (const relation of RELATIONS) {
      for (const target of declaration[relation]) {
        const value = this.#line(target, data)
        if (value !== undefined) references.push({ relation, from, name: { value, span: target.span } })
      }
    }
    return references
  }

  #line(text: ResourceDeclaration['name'], data: TemplateData): string | undefined {
    data.guessed = false
    return renderLine(text, { data, report: this.#report })
  }

  #formatted(condition: Condition): string {
    if (typeof condition === 'boolean') return ''
    const text = formatWhen(condition)
    if (text.length <= JOINED_WHEN_LIMITS.units) return text
    const { name, when } = this.#prepared.declaration
    const message = `the conditions of the crate and of '${name.value.slice(0, 80)}' together are longer than ${JOINED_WHEN_LIMITS.units} characters`
    this.#report({ code: 'when-syntax', span: when?.span ?? name.span, message, hint: 'shorten one of them' })
    return text
  }
}
