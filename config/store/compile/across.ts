import { suggest } from '#config/lang'
import type { Inclusion } from '../resolve/index.ts'
import { type Crate, couldBe, dependenciesOf } from '../tree/index.ts'
import type { CompiledCrate } from './crate.ts'
import type { Report } from './problem.ts'
import { Edges, type Reference } from './references.ts'

/** References between crates of one host. Undefined when there are none. `compiled`: as `all`. */
export function edgesAcross(
  all: readonly Inclusion[],
  compiled: readonly CompiledCrate[],
  report: Report,
): Edges | undefined {
  if (compiled.every(({ outward }) => outward.length === 0)) return undefined
  const byCrate = new Map<Crate, CompiledCrate>()
  for (const [at, { crate }] of all.entries()) {
    const own = compiled[at]
    if (own !== undefined) byCrate.set(crate, own)
  }
  const edges = new Edges()
  for (const [crate, { outward }] of byCrate) {
    for (const reference of outward) connect(reference, crate, byCrate, edges, report)
  }
  return edges
}

function connect(
  { name, from, relation }: Reference,
  crate: Crate,
  byCrate: ReadonlyMap<Crate, CompiledCrate>,
  edges: Edges,
  report: Report,
): void {
  const others = dependenciesOf(crate)
  for (const other of others) {
    const local = name.value.startsWith(`${other.name}/`) ? name.value.slice(other.name.length + 1) : name.value
    const targets = idsNamed(byCrate.get(other), name.value, local)
    const isDeclared = other.declaration.resources.some(
      ({ name: declared }) => couldBe(declared.value, name.value) || couldBe(declared.value, local),
    )
    if (targets.length === 0 && !isDeclared) continue
    if (relation === 'before') {
      const message = `'${from}' cannot come before '${name.value.slice(0, 120)}': its crate depends on '${other.name}', all of which comes first`
      report({ code: 'crate-order', span: name.span, message, hint: "take the 'before' away" })
    } else for (const to of targets) edges.add(relation, from, to)
    return
  }
  const known = [crate, ...others].flatMap(({ declaration }) => declaration.resources.map(each => each.name.value))
  report({
    code: 'unknown-resource',
    span: name.span,
    message: `'${from}' refers to '${name.value.slice(0, 120)}', which neither its crate nor one that it depends on has`,
    hint: suggest(name.value, known, names => `there is ${names}`),
  })
}

const names = new WeakMap<CompiledCrate, ReadonlyMap<string, readonly string[]>>()

/** Ids of the copies that go by a name, as written or rendered. */
function idsNamed(compiled: CompiledCrate | undefined, ...wanted: readonly string[]): readonly string[] {
  if (compiled === undefined) return []
  let index = names.get(compiled)
  if (index === undefined) {
    const pairs = compiled.placed.flatMap(({ stamped: { id, name, prepared } }) =>
      [...new Set([name, prepared.declaration.name.value])].map(each => ({ each, id })),
    )
    index = new Map(
      Array.from(
        Map.groupBy(pairs, ({ each }) => each),
        ([name, all]) => [name, all.map(({ id }) => id)],
      ),
    )
    names.set(compiled, index)
  }
  return wanted.map(name => index.get(name)).find(ids => ids !== undefined) ?? []
}
