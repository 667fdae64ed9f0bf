import { type Foreach, formatWhen, JOINED_WHEN_LIMITS, type ResourceDeclaration, type SourceFile } from '#config/lang'
import { both, type Condition, conditionOf } from '../resolve/index.ts'
import type { Skipped } from './bundle.ts'
import type { TemplateData } from './data.ts'
import type { PreparedCrate, PreparedResource } from './prepared.ts'
import type { Problem, Report } from './problem.ts'
import { Edges, NameIndex, type Reference, type Relation } from './references.ts'
import { renderLine } from './render.ts'
import { type Item, itemsOf } from './repetition.ts'
import { type CompiledAttributes, compileAttributes } from './resource.ts'

/** One resource of one host, before it is joined with those of other crates. */
export interface Stamped extends CompiledAttributes {
  readonly id: string
  readonly name: string
  readonly prepared: PreparedResource
  readonly when: string
}

/** What a crate is on the hosts that have these variables and traits. */
export interface CompiledCrate {
  /** In an order that its edges agree with. */
  readonly resources: readonly Stamped[]
  readonly edges: Edges
  /** References to resources of other crates. */
  readonly outward: readonly Reference[]
  readonly names: NameIndex
  readonly skipped: readonly Skipped[]
  readonly problems: readonly Problem[]
}

export interface CrateContext {
  readonly data: TemplateData
  readonly templates: ReadonlyMap<string, SourceFile>
  /** What decides about the crate as a whole: a `case` of a role. */
  readonly condition: Condition
  /** Nothing is left out, because the traits are nobody's. */
  readonly keepsAll: boolean
}

const RELATIONS: readonly Relation[] = ['dependsOn', 'before', 'notify', 'subscribes']
const ONCE: readonly Item[] = [{ value: null, label: '' }]

/** Most resources of one crate on one host, all repetitions counted. */
const MAX_STAMPED = 20_000

/** Renders a crate: pure, and dependent on nothing but what it reads of the data, the condition and its declaration. */
export function compileCrate(crate: PreparedCrate, context: CrateContext): CompiledCrate {
  return new CrateRun(crate, context).run()
}

class CrateRun {
  readonly #crate: PreparedCrate
  readonly #context: CrateContext
  readonly #resources = new Map<string, Stamped>()
  readonly #declared = new Map<string, ResourceDeclaration>()
  readonly #edges = new Edges()
  readonly #outward: Reference[] = []
  readonly #names = new NameIndex()
  readonly #skipped: Skipped[] = []
  readonly #problems: Problem[] = []

  constructor(crate: PreparedCrate, context: CrateContext) {
    this.#crate = crate
    this.#context = context
  }

  run(): CompiledCrate {
    const { declaration } = this.#crate
    const { data } = this.#context
    for (const { label, value } of this.#items(declaration.foreach, data)) {
      const inner = declaration.foreach === undefined ? data : data.withItem(value)
      const title = declaration.foreach === undefined ? declaration.name.value : `${declaration.name.value}[${label}]`
      const condition = both(this.#context.condition, this.#condition(declaration.when, inner))
      if (condition === false) this.#skip(title, declaration.when?.value)
      else this.#stampAll(title, inner, condition)
    }
    for (const { declaration: resource } of this.#crate.resources) this.#names.know(resource.name.value)
    const order = this.#edges.order([...this.#resources.keys()], this.#declared, this.#report)
    return {
      resources: order.map(id => this.#resources.get(id)).filter(resource => resource !== undefined),
      edges: this.#edges,
      outward: this.#outward,
      names: this.#names,
      skipped: this.#skipped,
      problems: this.#problems,
    }
  }

  readonly #report: Report = problem => {
    this.#problems.push(problem)
  }

  /** One round of the crate: references inside it mean its own resources. */
  #stampAll(title: string, data: TemplateData, condition: Condition): void {
    const names = new NameIndex()
    const references: Reference[] = []
    for (const prepared of this.#crate.resources) {
      const { declaration } = prepared
      names.know(declaration.name.value)
      for (const { label, value } of this.#items(declaration.foreach, data)) {
        const inner = declaration.foreach === undefined ? data : data.withItem(value)
        const isPlainCopy = declaration.foreach !== undefined && !declaration.name.value.includes('{{')
        const name = this.#line(declaration.name, inner)
        if (name === undefined) continue
        this.#stamp(title, isPlainCopy ? `${name}[${label}]` : name, {
          prepared,
          data: inner,
          condition,
          names,
          references,
        })
      }
    }
    for (const reference of references) {
      const targets = names.get(reference.name.value)
      if (targets === undefined) this.#outward.push(reference)
      else for (const to of targets) this.#edges.add(reference.relation, reference.from, to)
    }
  }

  #stamp(
    title: string,
    name: string,
    round: {
      prepared: PreparedResource
      data: TemplateData
      condition: Condition
      names: NameIndex
      references: Reference[]
    },
  ): void {
    const { prepared, data, names, references } = round
    const { declaration } = prepared
    const id = `${title}/${name}`
    if (this.#declared.has(id)) {
      const message = `two resources of this crate come to be called '${name.slice(0, 120)}'`
      this.#report({
        code: 'duplicate-resource',
        span: declaration.name.span,
        message,
        hint: "tell them apart, for example with '{{ .Item }}' in the name",
      })
      return
    }
    if (this.#declared.size >= MAX_STAMPED) {
      this.#tooMany(declaration)
      return
    }
    this.#declared.set(id, declaration)
    names.know(name)
    this.#names.know(name)
    const condition = both(round.condition, this.#condition(declaration.when, data))
    if (condition === false) {
      this.#skip(id, declaration.when?.value)
      return
    }
    for (const known of [name, declaration.name.value]) {
      names.add(known, id)
      this.#names.add(known, id)
    }
    const attributes = compileAttributes(prepared, { data, templates: this.#context.templates, report: this.#report })
    this.#resources.set(id, { id, name, prepared, when: this.#formatted(condition, declaration), ...attributes })
    for (const relation of RELATIONS) {
      for (const target of declaration[relation]) {
        const value = this.#line(target, data)
        if (value !== undefined) references.push({ relation, from: id, name: { value, span: target.span } })
      }
    }
  }

  #items(foreach: Foreach | undefined, data: TemplateData): readonly Item[] {
    if (foreach === undefined) return ONCE
    data.guessed = false
    return itemsOf(foreach, data, this.#report) ?? []
  }

  #line(text: ResourceDeclaration['name'], data: TemplateData): string | undefined {
    data.guessed = false
    return renderLine(text, { data, report: this.#report })
  }

  #condition(when: ResourceDeclaration['when'], data: TemplateData): Condition {
    if (when === undefined) return true
    const text = this.#line(when, data)
    if (text === undefined) return true
    const condition = conditionOf(text, this.#context.keepsAll ? null : data.traits, problem => {
      if (!data.guessed) this.#report({ code: 'when-syntax', span: when.span, ...problem })
    })
    return condition === false && this.#context.keepsAll ? true : condition
  }

  #formatted(condition: Condition, declaration: ResourceDeclaration): string {
    if (typeof condition === 'boolean') return ''
    const text = formatWhen(condition)
    if (text.length <= JOINED_WHEN_LIMITS.units) return text
    const message = `the conditions of the crate and of '${declaration.name.value.slice(0, 80)}' together are longer than ${JOINED_WHEN_LIMITS.units} characters`
    this.#report({
      code: 'when-syntax',
      span: declaration.when?.span ?? declaration.name.span,
      message,
      hint: 'shorten one of them',
    })
    return text
  }

  #skip(id: string, when: string | undefined): void {
    this.#skipped.push({ id, reason: when === undefined ? 'never holds' : `when: ${when.slice(0, 400)}` })
  }

  #tooMany(declaration: ResourceDeclaration): void {
    if (this.#problems.at(-1)?.code === 'too-many-resources') return
    const message = `the crate becomes more than ${MAX_STAMPED} resources on one host`
    this.#report({
      code: 'too-many-resources',
      span: declaration.name.span,
      message,
      hint: "repeat less with 'foreach'",
    })
  }
}
