import type { Diagnostics, Located, RoleDeclaration, Span } from '#config/lang'
import type { ConfigStore, Crate } from '../tree/index.ts'
import { type Condition, type Decide, either } from './condition.ts'
import type { Frame } from './frame.ts'

/** One link of the chain that leads from a carrier to a crate. */
export interface Link {
  readonly kind: 'entry' | 'common' | 'environment' | 'role' | 'case' | 'dependency'
  readonly title: string
  readonly span: Span
}

/** A crate that a host has, and every way in which it came to it. */
export interface Inclusion {
  readonly crate: Crate
  /** What the agent has to decide: a `case` of a role that traits do not settle. */
  readonly condition: Condition
  /** Each from the carrier down to the place that names the crate. */
  readonly reasons: readonly (readonly Link[])[]
}

/** What leads to a crate, and the last link to it. Few want to see the whole chain. */
interface Way {
  readonly from: readonly Link[]
  readonly last: Link
}

class OpenInclusion implements Inclusion {
  readonly crate: Crate
  condition: Condition
  readonly #ways: Way[]

  constructor(crate: Crate, condition: Condition, way: Way) {
    this.crate = crate
    this.condition = condition
    this.#ways = [way]
  }

  get reasons(): readonly (readonly Link[])[] {
    return this.#ways.map(reasonOf)
  }

  add(way: Way): void {
    if (this.#ways.length < MAX_REASONS) this.#ways.push(way)
  }
}

function reasonOf({ from, last }: Way): readonly Link[] {
  return [...from, last]
}

/** A crate that is not there although something names it. */
export interface Absence {
  readonly crate: Crate
  readonly reason: readonly Link[]
  readonly why: 'excluded' | 'case-false'
  /** The `exclude_configcrates` or the `when`. */
  readonly span: Span
}

export interface Inclusions {
  /** What a crate depends on comes before it; otherwise as common, environment, roles and entry name them. */
  readonly all: readonly Inclusion[]
  readonly absent: readonly Absence[]
}

const MAX_REASONS = 20

/** The crates of a host, in the order in which they are applied. */
export function includeCrates(store: ConfigStore, frame: Frame, decide: Decide, diagnostics: Diagnostics): Inclusions {
  const open = new OpenInclusions(store, frame, decide, diagnostics)
  for (const { declaration, folder } of frame.commons) {
    const from: Link = {
      kind: 'common',
      title: folder === '' ? 'common.vgo' : `${folder}/common.vgo`,
      span: declaration.span,
    }
    open.configcrates(declaration.configcrates, [from], true)
    open.roles(declaration.roles, [from])
    open.usercrates(declaration.usercrates, [from])
  }
  for (const { declaration } of frame.environments) {
    const from: Link = { kind: 'environment', title: `environment '${declaration.name.value}'`, span: declaration.span }
    open.configcrates(declaration.configcrates, [from], true)
  }
  const { declaration } = frame.entry
  const from: Link = { kind: 'entry', title: `entry '${declaration.match.value}'`, span: declaration.match.span }
  open.roles(declaration.roles, [from])
  open.configcrates(declaration.configcrates, [from], true)
  open.usercrates(declaration.usercrates, [from])
  return { all: open.inOrder(), absent: open.absent }
}

class OpenInclusions {
  readonly absent: Absence[] = []
  readonly #store: ConfigStore
  readonly #frame: Frame
  readonly #decide: Decide
  readonly #diagnostics: Diagnostics
  readonly #found = new Map<Crate, OpenInclusion>()

  constructor(store: ConfigStore, frame: Frame, decide: Decide, diagnostics: Diagnostics) {
    this.#store = store
    this.#frame = frame
    this.#decide = decide
    this.#diagnostics = diagnostics
  }

  /** Usercrates come last, except where something depends on them. */
  inOrder(): Inclusion[] {
    const all = [...this.#found.values()]
    if (this.#store.usercrates.size === 0) return all
    return [
      ...all.filter(({ crate }) => crate.kind === 'configcrate'),
      ...all.filter(({ crate }) => crate.kind === 'usercrate'),
    ]
  }

  configcrates(names: readonly Located<string>[], from: readonly Link[], condition: Condition): void {
    for (const name of names) this.#crate(this.#store.configcrates.get(name.value), name, from, condition)
  }

  usercrates(names: readonly Located<string>[], from: readonly Link[]): void {
    for (const name of names) this.#crate(this.#store.usercrates.get(name.value), name, from, true)
  }

  roles(names: readonly Located<string>[], from: readonly Link[]): void {
    for (const name of names) {
      const role = this.#store.roles.get(name.value)
      if (role === undefined) continue
      const chain = [...from, roleLink(role, name.span)]
      for (const included of role.includes) {
        const other = this.#store.roles.get(included.value)
        if (other !== undefined && other !== role) this.#role(other, [...chain, roleLink(other, included.span)])
      }
      this.#role(role, chain)
    }
  }

  #role(role: RoleDeclaration, chain: readonly Link[]): void {
    this.configcrates(role.configcrates, chain, true)
    for (const { when, configcrates } of role.cases) {
      const link: Link = { kind: 'case', title: `case when ${when.value.slice(0, 120)}`, span: when.span }
      this.configcrates(configcrates, [...chain, link], this.#decide(when))
    }
    this.usercrates(role.usercrates, chain)
  }

  #crate(crate: Crate | undefined, name: Located<string>, from: readonly Link[], condition: Condition): void {
    if (crate === undefined) return
    const way: Way = { from, last: { kind: from.at(-1)?.kind ?? 'entry', title: '', span: name.span } }
    if (condition === false) {
      const when = from.findLast(({ kind }) => kind === 'case')
      this.absent.push({ crate, reason: reasonOf(way), why: 'case-false', span: when?.span ?? name.span })
    } else this.#include(crate, way, condition)
  }

  #include(crate: Crate, way: Way, condition: Condition): void {
    const excluded = crate.kind === 'configcrate' ? this.#frame.excluded.get(crate.name) : undefined
    if (excluded !== undefined) {
      this.absent.push({ crate, reason: reasonOf(way), why: 'excluded', span: excluded })
      if (way.last.kind === 'dependency') this.#reportExcluded(crate, way.last, excluded)
      return
    }
    const known = this.#found.get(crate)
    if (known !== undefined) {
      const wider = either(known.condition, condition)
      known.add(way)
      if (wider === known.condition) return
      known.condition = wider
    }
    for (const dependency of crate.dependsOn) {
      const named = crate.declaration.dependsOn.find(({ value }) => value === dependency.name)
      const span = named?.span ?? crate.declaration.name.span
      const last: Link = { kind: 'dependency', title: `${crate.kind} '${crate.name}'`, span }
      this.#include(dependency, { from: reasonOf(way), last }, condition)
    }
    if (known === undefined) this.#found.set(crate, new OpenInclusion(crate, condition, way))
  }

  #reportExcluded(crate: Crate, needs: Link, excluded: Span): void {
    const { environment, match } = this.#frame.entry.declaration
    this.#diagnostics.error({
      code: 'excluded-dependency',
      span: needs.span,
      message: `${needs.title} depends on '${crate.name}', which the environment '${environment?.value ?? ''}' excludes`,
      hint: 'exclude both, or neither',
      related: [
        { span: excluded, message: 'it is excluded here' },
        { span: match.span, message: `for hosts that '${match.value}' matches` },
      ],
    })
  }
}

function roleLink(role: RoleDeclaration, span: Span): Link {
  return { kind: 'role', title: `role '${role.name.value}'`, span }
}
