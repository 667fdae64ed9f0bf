import {
  type CrateDeclaration,
  type Declarations,
  type Diagnostics,
  type Located,
  topologicalOrder,
} from '#config/lang'
import type { Crate } from './config-store.ts'
import { checkReference, indexByName, reportDuplicate } from './names.ts'

export interface CrateIndex {
  readonly configcrates: ReadonlyMap<string, Crate>
  readonly usercrates: ReadonlyMap<string, Crate>
}

interface OpenCrate extends Crate {
  readonly dependsOn: Crate[]
}

/** The crates of a tree, each with those that it depends on. `isSound`: it is known that none waits for itself. */
export function indexCrates(
  declarations: readonly Declarations[],
  diagnostics: Diagnostics,
  isSound: boolean,
): CrateIndex {
  const open = (kind: Crate['kind'], crates: Iterable<CrateDeclaration>) =>
    new Map(
      Array.from(indexByName(crates, `${kind}s`, diagnostics).values(), (declaration): [string, OpenCrate] => [
        declaration.name.value,
        { name: declaration.name.value, kind, declaration, dependsOn: [] },
      ]),
    )
  const configcrates = open(
    'configcrate',
    declarations.flatMap(each => each.configcrates),
  )
  const usercrates = open(
    'usercrate',
    declarations.flatMap(each => each.usercrates),
  )
  for (const crate of usercrates.values()) {
    const twin = configcrates.get(crate.name)
    if (twin === undefined) continue
    reportDuplicate(crate.declaration.name, twin.declaration.name, 'crates', diagnostics)
    usercrates.delete(crate.name)
  }
  const all = new Map([...configcrates, ...usercrates])
  for (const crate of all.values()) {
    const known = crate.kind === 'configcrate' ? configcrates : all
    for (const name of crate.declaration.dependsOn) {
      const isUsercrate = crate.kind === 'configcrate' && usercrates.has(name.value)
      const instead = isUsercrate ? 'a configcrate cannot depend on a usercrate' : undefined
      if (!checkReference(name, known, 'a configcrate', diagnostics, instead)) continue
      crate.dependsOn.push(all.get(name.value) as Crate)
    }
  }
  if (!isSound) limitDepth(all, cutCircles(all, diagnostics), diagnostics)
  return { configcrates, usercrates }
}

/** More circles than that have one cause; what is left then depends on nothing. */
const MAX_CIRCLES = 50

/** Reports each circle and takes the link that closes it out of the index, so that everything else can still be looked at. */
function cutCircles(crates: ReadonlyMap<string, OpenCrate>, diagnostics: Diagnostics): readonly string[] {
  const names = Array.from(crates.keys()).sort()
  for (let circles = 0; circles < MAX_CIRCLES; circles++) {
    const edges = Array.from(crates.values()).flatMap(({ name, dependsOn }) =>
      dependsOn.map(({ name: first }) => ({ first, second: name })),
    )
    const answer = topologicalOrder(names, edges)
    if ('order' in answer) return answer.order
    const { cycle } = answer
    const links = cycle.map((first, at) => linkOf(crates, cycle[(at + 1) % cycle.length] ?? first, first))
    const [start] = links
    if (start === undefined) break
    const shown = cycle.length > 8 ? [...cycle.slice(0, 7), '…'] : cycle
    diagnostics.error({
      code: 'crate-cycle',
      span: start.span,
      message:
        cycle.length === 1
          ? `the crate '${cycle[0] ?? ''}' depends on itself`
          : `crates wait for each other in a circle: ${[...shown, cycle[0] ?? ''].join(' → ')}`,
      hint: "take away one of the 'depends_on' below; an arrow means that a crate comes before the next",
      related: links
        .filter(link => link !== undefined)
        .slice(0, 8)
        .map(({ span, value }, at) => ({
          span,
          message: `'${cycle[(at + 1) % cycle.length] ?? ''}' depends on '${value}'`,
        })),
    })
    const dependsOn = crates.get(cycle[1 % cycle.length] ?? '')?.dependsOn ?? []
    for (let at = dependsOn.length - 1; at >= 0; at--) if (dependsOn[at]?.name === cycle[0]) dependsOn.splice(at, 1)
  }
  for (const { dependsOn } of crates.values()) dependsOn.length = 0
  return names
}

/** Longest chain of crates that depend on each other. */
const MAX_CHAIN = 100

/** `order` has what a crate depends on before it. */
function limitDepth(crates: ReadonlyMap<string, OpenCrate>, order: readonly string[], diagnostics: Diagnostics): void {
  const depths = new Map<string, number>()
  for (const name of order) {
    const crate = crates.get(name)
    if (crate === undefined) continue
    const depth = crate.dependsOn.reduce((most, each) => Math.max(most, (depths.get(each.name) ?? 0) + 1), 1)
    depths.set(name, depth)
    if (depth <= MAX_CHAIN) continue
    depths.set(name, 1)
    crate.dependsOn.length = 0
    diagnostics.error({
      code: 'crate-depth',
      span: crate.declaration.dependsOn[0]?.span ?? crate.declaration.name.span,
      message: `'${name.slice(0, 80)}' depends on crates that depend on crates, and so on: more than ${MAX_CHAIN} in a row`,
      hint: 'let it depend on what it needs itself, or join crates',
    })
  }
}

function linkOf(crates: ReadonlyMap<string, Crate>, from: string, to: string): Located<string> | undefined {
  return crates.get(from)?.declaration.dependsOn.find(({ value }) => value === to)
}
