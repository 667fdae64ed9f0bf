import type { ResourceDeclaration } from '#config/lang'
import { both, type Condition } from '../resolve/index.ts'
import type { Skipped } from './bundle.ts'
import type { Placed } from './placed.ts'
import type { PreparedCrate, PreparedResource } from './prepared.ts'
import type { Problem, Report } from './problem.ts'
import { Edges, type Reference } from './references.ts'
import { itemsOf } from './repetition.ts'
import { type Copy, decideWhen, type StampContext, type Stamped, type Stamping } from './stamp.ts'

/** What a crate is on the hosts that have these variables and traits. */
export interface CompiledCrate {
  /** In an order that their links agree with. */
  readonly placed: readonly Placed[]
  /** References to resources of other crates. */
  readonly outward: readonly Reference[]
  readonly skipped: readonly Skipped[]
  readonly problems: readonly Problem[]
  readonly readsTraits: boolean
  /** Whether it looked for templates of the tree. */
  readonly usesTemplates: boolean
}

export interface CrateContext extends StampContext {
  /** What decides about the crate as a whole: a `case` of a role. */
  readonly condition: Condition
  readonly stamp: (prepared: PreparedResource, title: string, condition: Condition, context: StampContext) => Stamping
}

/** Most resources of one crate on one host, all repetitions counted. */
const MAX_STAMPED = 20_000

/** Renders a crate: pure, and dependent on nothing but what it reads of the data, the condition and its declaration. */
export function compileCrate(crate: PreparedCrate, context: CrateContext): CompiledCrate {
  return new CrateRun(crate, context).run()
}

class CrateRun {
  readonly #crate: PreparedCrate
  readonly #context: CrateContext
  readonly #copies = new Map<string, Copy>()
  /** Nothing is added any more. */
  #isFull = false
  readonly #edges = new Edges()
  readonly #outward: Reference[] = []
  readonly #skipped: Skipped[] = []
  readonly #problems: Problem[] = []

  constructor(crate: PreparedCrate, context: CrateContext) {
    this.#crate = crate
    this.#context = context
  }

  run(): CompiledCrate {
    const { data } = this.#context
    const { foreach, name } = this.#crate.declaration
    if (foreach === undefined) this.#round(name.value, this.#context)
    else {
      for (const { label, value } of itemsOf(foreach, data, this.#report) ?? []) {
        this.#round(`${name.value}[${label}]`, { ...this.#context, data: data.withItem(value) })
      }
    }
    const present: string[] = []
    for (const { id, stamped } of this.#copies.values()) if (stamped !== undefined) present.push(id)
    const order = this.#edges.order(present, id => this.#stamped(id)?.prepared.declaration, this.#report)
    const placed: Placed[] = []
    for (const id of order) {
      const stamped = this.#stamped(id)
      if (stamped !== undefined) placed.push({ stamped, links: this.#edges.linksOf(id) })
    }
    return {
      placed,
      outward: this.#outward,
      skipped: this.#skipped,
      problems: this.#problems,
      readsTraits: data.log.readTraits,
      usesTemplates: this.#crate.usesTemplates,
    }
  }

  #stamped(id: string): Stamped | undefined {
    return this.#copies.get(id)?.stamped
  }

  readonly #report: Report = problem => {
    this.#problems.push(problem)
  }

  /** The crate once: references inside it mean its own resources. */
  #round(title: string, context: CrateContext): void {
    if (this.#isFull) return
    const { when } = this.#crate.declaration
    const condition = both(context.condition, decideWhen(when, context, this.#report))
    if (condition === false) {
      this.#skipped.push({ id: title, reason: `when: ${(when?.value ?? '').slice(0, 400)}` })
      return
    }
    const ids = new Map<string, string[]>()
    const references: Reference[] = []
    for (const prepared of this.#crate.resources) {
      const { declaration } = prepared
      const { copies, skipped, problems } = context.stamp(prepared, title, condition, context)
      this.#skipped.push(...skipped)
      this.#problems.push(...problems)
      know(ids, declaration.name.value)
      for (const copy of copies) {
        if (!this.#add(copy, declaration)) continue
        know(ids, copy.name)
        if (copy.stamped === undefined) continue
        references.push(...copy.references)
        ids.get(copy.name)?.push(copy.id)
        if (copy.name !== declaration.name.value) ids.get(declaration.name.value)?.push(copy.id)
      }
    }
    for (const reference of references) {
      const targets = ids.get(reference.name.value)
      if (targets === undefined) this.#outward.push(reference)
      else for (const to of targets) this.#edges.add(reference.relation, reference.from, to)
    }
  }

  #add(copy: Copy, declaration: ResourceDeclaration): boolean {
    if (this.#copies.has(copy.id)) {
      const message = `two resources of this crate come to be called '${copy.name.slice(0, 120)}'`
      const hint = "tell them apart, for example with '{{ .Item }}' in the name"
      this.#report({ code: 'duplicate-resource', span: declaration.name.span, message, hint })
      return false
    }
    if (this.#copies.size >= MAX_STAMPED) {
      if (this.#isFull) return false
      this.#isFull = true
      const message = `the crate becomes more than ${MAX_STAMPED} resources on one host`
      this.#report({
        code: 'too-many-resources',
        span: declaration.name.span,
        message,
        hint: "repeat less with 'foreach'",
      })
      return false
    }
    this.#copies.set(copy.id, copy)
    return true
  }
}

/** A name that means something here, perhaps nothing on this host: its condition is false, or `foreach` has no items. */
function know(ids: Map<string, string[]>, name: string): void {
  if (!ids.has(name)) ids.set(name, [])
}
